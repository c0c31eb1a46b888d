//! Business rules without HTTP or driver.
