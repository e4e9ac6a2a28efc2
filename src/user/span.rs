use std::borrow::Cow;

/// Where a text stands in another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Span {
    start: usize,
    end: usize,
}

impl Span {
    /// Where `part` stands in `whole`, if it was borrowed from there.
    #[inline]
    pub(super) fn of(part: &str, whole: &str) -> Option<Self> {
        let start = part.as_ptr().addr().checked_sub(whole.as_ptr().addr())?;
        let span = Self {
            start,
            end: start.checked_add(part.len())?,
        };
        (span.get(whole) == Some(part)).then_some(span)
    }

    #[inline]
    pub(super) fn append(part: &str, whole: &mut Cow<'_, str>) -> Self {
        let start = whole.len();
        whole.to_mut().push_str(part);
        Self {
            start,
            end: whole.len(),
        }
    }

    #[inline]
    fn get(self, whole: &str) -> Option<&str> {
        whole.get(self.start..self.end)
    }

    #[inline]
    pub(super) fn within(self, whole: &str) -> &str {
        self.get(whole).unwrap_or_default()
    }
}
