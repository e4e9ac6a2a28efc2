//! The tasks of each user, in memory.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Json,
    extract::{Path, State},
};
use http::StatusCode;
use serde::{Deserialize, Serialize};

#[derive(Clone, Default)]
pub struct Tasks(Arc<Mutex<HashMap<String, Vec<Task>>>>);

#[derive(Clone, Deserialize, Serialize)]
pub struct Task {
    title: String,
}

/// `PathOwnerLayer` has already checked that `user_id` is the current user's.
pub async fn list(State(tasks): State<Tasks>, Path(user_id): Path<String>) -> Json<Vec<Task>> {
    let tasks = tasks.0.lock().unwrap_or_else(PoisonError::into_inner);
    Json(tasks.get(&user_id).cloned().unwrap_or_default())
}

pub async fn add(
    State(tasks): State<Tasks>,
    Path(user_id): Path<String>,
    Json(task): Json<Task>,
) -> (StatusCode, Json<Task>) {
    let mut tasks = tasks.0.lock().unwrap_or_else(PoisonError::into_inner);
    tasks.entry(user_id).or_default().push(task.clone());
    (StatusCode::CREATED, Json(task))
}
