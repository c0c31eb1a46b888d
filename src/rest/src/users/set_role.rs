use crate::admin::Admin;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body, Id};
use plenum_schema::UserId;
use plenum_services::accounts::Role;
use serde::{Deserialize, Serialize};

/// A role.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = RoleBody)]
pub(crate) struct RoleBody {
    role: Role,
}

/// Who has which role now.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = RoleOfUser)]
pub(crate) struct RoleAnswer {
    #[schema(value_type = String, format = Uuid)]
    id: UserId,
    /// What to call the person.
    name: String,
    role: Role,
}

/// Give somebody a role; it counts at once
#[utoipa::path(put, path = "/users/{id}/role", tag = "administration", request_body = RoleBody,
    params(("id" = uuid::Uuid, Path, description = "Whom")),
    responses((status = 200, description = "Done", body = RoleAnswer),
        (status = 409, description = "Nobody takes the role of admin from themselves", body = crate::openapi::ProblemDocument)))]
pub async fn handle(admin: Admin, state: web::Data<RestState>, id: Id<UserId>, body: Body<RoleBody>) -> Answer {
    let role = body.value.role;
    let profile = state.accounts.set_role(id.0, role, Some(admin.0)).await?;
    Ok(HttpResponse::Ok().json(RoleAnswer { id: profile.id, name: profile.name, role }))
}
