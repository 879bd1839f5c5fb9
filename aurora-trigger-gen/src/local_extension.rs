//! The stand-in for the `aws_lambda` extension.
