"""What a paper is and what scores it: pure, no network, no clock, no SQL."""
