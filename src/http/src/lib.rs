//! Caller, problem+json, limits and security headers shared by every HTTP surface.
