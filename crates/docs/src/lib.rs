//! Turns Markdown and source files into safe HTML.
