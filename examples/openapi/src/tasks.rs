//! The tasks of each user, in memory, and their OpenAPI descriptions.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoResponses, ToSchema};

#[derive(Clone, Default)]
pub struct Tasks(Arc<Mutex<HashMap<String, Vec<Task>>>>);

#[derive(Clone, Deserialize, Serialize, ToSchema)]
pub struct Task {
    #[schema(example = "buy milk")]
    title: String,
}

/// Your tasks
#[utoipa::path(
    get,
    path = "/api/{user_id}/tasks",
    params(("user_id" = String, Path, description = "your own id: the `sub` of your token")),
    responses((status = 200, description = "your tasks", body = Vec<Task>), Rejected)
)]
pub async fn list(State(tasks): State<Tasks>, Path(user_id): Path<String>) -> Json<Vec<Task>> {
    let tasks = tasks.0.lock().unwrap_or_else(PoisonError::into_inner);
    Json(tasks.get(&user_id).cloned().unwrap_or_default())
}

/// Add a task
#[utoipa::path(
    post,
    path = "/api/{user_id}/tasks",
    params(("user_id" = String, Path, description = "your own id: the `sub` of your token")),
    responses((status = 201, description = "the task was added", body = Task), Rejected)
)]
pub async fn add(
    State(tasks): State<Tasks>,
    Path(user_id): Path<String>,
    Json(task): Json<Task>,
) -> (StatusCode, Json<Task>) {
    let mut tasks = tasks.0.lock().unwrap_or_else(PoisonError::into_inner);
    tasks.entry(user_id).or_default().push(task.clone());
    (StatusCode::CREATED, Json(task))
}

/// The rejections of the layers, documented once for all operations.
// Never constructed: only the derive macro reads it.
#[allow(dead_code)]
#[derive(IntoResponses)]
enum Rejected {
    /// there is no bearer token, or it does not verify
    #[response(
        status = 401,
        headers(("www-authenticate" = String, description = "why, as RFC 6750 has it")),
        example = json!({ "detail": "Not authenticated" })
    )]
    NotAuthenticated(Refusal),
    /// the path is another user's
    #[response(
        status = 403,
        example = json!({ "detail": "Access denied: Cannot access another user's data" })
    )]
    NotOwner(Refusal),
}

#[allow(dead_code)]
#[derive(ToSchema)]
pub struct Refusal {
    detail: String,
}
