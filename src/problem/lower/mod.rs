//! Lowering: application + price book + policy to a problem.
