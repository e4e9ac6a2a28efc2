"""The task service of http/server.rs in FastAPI: a dependency reads the user from the token with
python-jose, and the route compares them with the path.

The environment variable SECRET is the secret of the tokens.
"""

import os
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, status
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from jose import JWTError, jwt
from pydantic import BaseModel

SECRET = os.environ["SECRET"]

app = FastAPI()
bearer = HTTPBearer()


class User(BaseModel):
    id: str
    email: str
    name: str | None = None


async def get_current_user(
    credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)],
) -> User:
    try:
        claims = jwt.decode(credentials.credentials, SECRET, algorithms=["HS256"])
    except JWTError as error:
        raise HTTPException(
            status.HTTP_401_UNAUTHORIZED, headers={"WWW-Authenticate": "Bearer"}
        ) from error
    return User(id=claims["sub"], email=claims["email"], name=claims.get("name"))


@app.get("/api/{user_id}/tasks")
async def tasks(user_id: str, user: Annotated[User, Depends(get_current_user)]):
    if user_id != user.id:
        raise HTTPException(status.HTTP_403_FORBIDDEN)
    return {"tasks": [], "user_id": user.id}
