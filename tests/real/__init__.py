"""Small files after those that real cameras, broadcasters, phones and players left people with.

Each function makes one into a folder; what is right for it is in `tests/test_cases.py`.

boxes.py      ISO base media boxes, read and changed by hand
remux.py      packets of finished films put together anew
clocks.py     broadcasts, recordings in a row, edit lists
streams.py    tracks of all kinds: discs, songs, captions, several pictures
pictures.py   orientations, tiles, palettes, animations
looks.py      films that say how they are to be seen: alpha, spheres, fields, HDR
broken.py     damage, playlists, and headers that claim too much
"""
