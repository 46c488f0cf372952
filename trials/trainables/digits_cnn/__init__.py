"""A small convolutional network on scikit-learn's handwritten digits."""

from trials.trainables.digits_cnn.trainable import DigitsCnn

__all__ = ["DigitsCnn"]
