//! A compact range of a string; used by `CurrentUser`.

use std::borrow::Cow;

/// The range of a substring.
///
/// Its bounds are 32 bits wide, so that a user is cheap to move. In a string of 4 GiB or more,
/// which no request can contain, a range is empty.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct StrRange {
    start: u32,
    end: u32,
}

impl StrRange {
    /// Returns the range of `part` if its address shows that it was borrowed from `whole`.
    #[inline]
    pub(super) fn find(part: &str, whole: &str) -> Option<Self> {
        let start = part.as_ptr().addr().checked_sub(whole.as_ptr().addr())?;
        let range = Self::new(start, start.checked_add(part.len())?)?;
        range.get(whole).is_some().then_some(range)
    }

    #[inline]
    pub(super) fn append(part: &str, whole: &mut Cow<'_, str>) -> Self {
        let start = whole.len();
        whole.to_mut().push_str(part);
        Self::new(start, whole.len()).unwrap_or(Self { start: 0, end: 0 })
    }

    #[inline]
    fn new(start: usize, end: usize) -> Option<Self> {
        Some(Self {
            start: start.try_into().ok()?,
            end: end.try_into().ok()?,
        })
    }

    #[inline]
    fn get(self, whole: &str) -> Option<&str> {
        whole.get(self.start as usize..self.end as usize)
    }

    #[inline]
    pub(super) fn within(self, whole: &str) -> &str {
        self.get(whole).unwrap_or_default()
    }
}
