//! The advice in the event about a path without an owner; used by the layer's service.

use http::Request;

#[cfg(feature = "axum")]
use super::route_param::RouteParams;
use super::{
    pattern::PatternKind,
    rules::{Reader, Rules},
};
use crate::original_path::original_path;

impl Rules {
    /// Returns the patterns that the layer tried, or the parameters that axum's router found
    /// instead. They come from the layer and from the route, so the advice contains no part of the
    /// request.
    pub(super) fn advice<B>(&self, request: &mut Request<B>) -> String {
        match self.reader {
            Reader::Patterns => self.advice_on_patterns(request),
            #[cfg(feature = "axum")]
            Reader::Router => {
                self.advice_on_parameter(&RouteParams::read(request.extensions_mut()))
            }
        }
    }

    fn advice_on_patterns<B>(&self, request: &Request<B>) -> String {
        let patterns = self.patterns.routes(PatternKind::Owned);
        let is_nested = original_path(request)
            .is_some_and(|path| self.patterns.find(path, &self.parameter).is_some());
        let nested = if is_nested {
            ". They match the path before axum's nest removed its prefix: apply the layer outside the nest, write the patterns without the prefix, or use PathOwnerLayer::path_param"
        } else {
            ""
        };
        format!("the patterns are {patterns:?}{nested}")
    }

    #[cfg(feature = "axum")]
    fn advice_on_parameter(&self, params: &RouteParams) -> String {
        let name = &self.parameter;
        let found = match (params.names().as_deref(), params.wildcard()) {
            (Some([]), _) => {
                "the matched route has no parameters, or the path has no route; unlike .layer(…), .route_layer(…) does not apply to unknown paths".to_owned()
            }
            (Some(names), _) if !names.contains(&name.as_str()) => {
                format!("the matched route has no parameter of this name; its parameters are {names:?}")
            }
            (Some(_), Some(wildcard)) if wildcard == name => format!(
                "the route has it as a wildcard, {{*{name}}}, which can match several segments; write {{{name}}}"
            ),
            (Some(_), wildcard) => format!(
                "the wildcard {{*{}}} before it matched several segments; write one parameter for each segment instead of the wildcard, or use PathOwnerLayer::new(…) in the inner router",
                wildcard.unwrap_or_default()
            ),
            (None, _) => "axum's router has not run; the layer is outside the router".to_owned(),
        };
        format!("path_param({name:?}) is set, but {found}")
    }
}
