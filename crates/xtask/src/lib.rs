//! What the project does to itself: the checks of its rules (`tidy`) and skeletons of new content (`skeleton`).

pub mod skeleton;
pub mod tidy;
