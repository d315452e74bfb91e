"""Makes bundles: from labelled papers to trained, calibrated, measured models."""
