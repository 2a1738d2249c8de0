"""Opens films and pictures, and nothing else: the only place where FFmpeg is given a file to read.

FFmpeg reads playlists too, and opens whatever they name, be it a password file or a stream without an end;
and it paints a text. So only the demuxers below may be taken, whatever a file looks like or is called: those
of films, of pictures, and of sound, of which is then said that there is no film in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import av
from av.container import InputContainer

from stylize_video.errors import InputError
from stylize_video.files import paths
from stylize_video.pipeline.containers import limits
from stylize_video.pipeline.containers.media_url import AS_NAMED, media_url


def _names(*lines: str) -> tuple[str, ...]:
    return tuple(" ".join(lines).split())


# By FFmpeg's names of its demuxers.
FILMS = _names(
    "mov mp4 matroska webm mpegts mpegtsraw mpeg avi flv live_flv kux asf asf_o ogg mxf gxf lxf nut rm ivr",
    "wtv ty dv dhav mtv nsv nuv pva mgsts mlv cine r3d ser smjpeg mpjpeg mxg swf vividas vivo",
    "apng gif jpegxl_anim flic filmstrip anm cdxl",
    "h261 h263 h264 hevc vvc evc m4v mpegvideo cavsvideo avs2 avs3 av1 obu ivf dirac dnxhd vc1 vc1test",
    "mjpeg mjpeg_2000 yuv4mpegpipe apv ipu ingenient hxvs ifv lmlm4 luodat nc",
)
GAMES = _names(
    "4xm avs bethsoftvid bfi bink c93 dfa dsicin dxa ea film_cpk gdv hnm idcin ipmovie iss iv8 jv mm mods",
    "moflex mv mvi pmp psxstr rl2 roq rpl sga siff smk smush thp tiertexseq tmv usm vmd wc3movie wsvqa",
    "xmv yop",
)
PICTURES = _names(
    "image2 image2pipe ico iff fits msp txd alias_pix brender_pix",
    "bmp_pipe cri_pipe dds_pipe dpx_pipe exr_pipe gem_pipe gif_pipe hdr_pipe j2k_pipe jpeg_pipe jpegls_pipe",
    "jpegxl_pipe jpegxs_pipe pam_pipe pbm_pipe pcx_pipe pfm_pipe pgm_pipe pgmyuv_pipe pgx_pipe phm_pipe",
    "photocd_pipe pictor_pipe png_pipe ppm_pipe psd_pipe qdraw_pipe qoi_pipe sgi_pipe sunrast_pipe tiff_pipe",
    "vbn_pipe webp_pipe xbm_pipe xpm_pipe xwd_pipe",
)
SOUNDS = _names(
    "wav w64 mp3 flac aac ac3 eac3 ac4 dts dtshd truehd mlp loas amr amrnb amrwb aiff au caf ape wv tta tak",
    "mpc mpc8 shn dsf oma voc qcp qoa xwma iamf",
)

_ALLOWED = {
    "format_whitelist": ",".join((*FILMS, *GAMES, *PICTURES, *SOUNDS)),
    "protocol_whitelist": "file",
}
_HEAD = 1024  # bytes that are looked at, to say what a file is instead
_PLAYLISTS = {
    b"#EXTM3U": "an HLS or M3U playlist",
    b"ffconcat": "an ffconcat playlist",
    b"[playlist]": "a PLS playlist",
    b"[Reference]": "an ASX playlist",
    b"<asx": "an ASX playlist",
    b"<MPD": "a DASH playlist",
    b"<smil": "a SMIL playlist",
    b"v=0": "an SDP description of a stream",
}


def open_media(
    path: Path,
    options: Mapping[str, str] | None = None,
    *,
    demuxer: str | None = None,
    metadata_errors: Literal["replace", "surrogateescape"] = "replace",
) -> InputContainer:
    """Open a plain file that holds a film, a picture or sound.

    Args:
        path: may be a link.
        options: of FFmpeg's, beside those that keep it to the file as it is named.
        demuxer: its name, where FFmpeg can't be left to find out.
        metadata_errors: what becomes of tags in an unknown coding.

    Raises:
        InputError: no such file, a folder, a pipe, a device; a playlist, a text, or unknown to FFmpeg; or
            its header promises more than memory holds.
        OSError, av.FFmpegError: it can't be read.
    """
    if why_not := paths.why_no_file(path):
        raise InputError(f"{path}: {why_not}; give a film or a picture")
    limits.check_file(path)
    try:
        return av.open(
            media_url(path),
            "r",
            demuxer,
            {**AS_NAMED, **_ALLOWED, **(options or {})},
            metadata_errors=metadata_errors,
        )
    except (av.error.InvalidDataError, av.error.EOFError, av.error.ArgumentError) as error:
        raise InputError(f"{path}: {_why_no_film(path)}") from error


def _why_no_film(path: Path) -> str:
    """What a file is that no demuxer above reads, as far as its first bytes tell."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    for begins, name in _PLAYLISTS.items():
        if text.lower().startswith(begins.lower()) or (begins[:1] == b"<" and begins in head):
            return f"is {name}, not a film; give a film that it names"
    if head and _is_text(head):
        return "is a text, not a film or a picture"
    return "not a film or a picture that FFmpeg can read"


def _is_text(head: bytes) -> bool:
    """Whether bytes are writing: no controls but white space, and letters of some coding."""
    return not any(byte < 32 and byte not in b"\t\n\f\r\x1b" for byte in head) and 127 not in head
