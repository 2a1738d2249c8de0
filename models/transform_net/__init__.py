"""The painter of the bundled styles, to which the one with a canvas (models/feed_forward/) succeeds."""
