"""A small web service around an agent, as a developer would deploy it; run by uvicorn with four workers."""

from __future__ import annotations

import os

import openai
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from pinnedrules import Guard, Stopped

guard = Guard(os.environ["APP_RULES"], quiet=True)
client = guard.wrap(openai.AsyncOpenAI(base_url=os.environ["APP_PROVIDER"], api_key="k", max_retries=0))


async def chat(request: Request) -> JSONResponse:
    with guard.session(request.query_params["session"]):
        try:
            answer = await client.chat.completions.create(model="gpt", messages=[{"role": "user", "content": "hi"}])
        except Stopped as stopped:
            return JSONResponse({"pid": os.getpid(), "stopped": stopped.reason})
    return JSONResponse({"pid": os.getpid(), "text": answer.choices[0].message.content})


app = Starlette(routes=[Route("/", chat)])
