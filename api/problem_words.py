"""The types of problems, and their words in both languages, as one table.

Rules: a type is added at the end and never renamed; its words say what happened and what to do, and
never what the caller sent.
"""

from enum import StrEnum

from schemas.closed import Closed, Text


class ProblemType(StrEnum):
    """The last part of a problem's type."""

    NO_TOKEN = "no-token"  # noqa: S105  # names a problem
    BAD_TOKEN = "bad-token"  # noqa: S105  # names a problem
    TOKEN_EXPIRED = "token-expired"  # noqa: S105  # names a problem
    TOKEN_REVOKED = "token-revoked"  # noqa: S105  # names a problem
    ROLE_NOT_ALLOWED = "role-not-allowed"
    FOREIGN_AREA = "foreign-area"
    FOREIGN_SOURCE = "foreign-source"
    NOT_FOUND = "not-found"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    UNKNOWN_PARAMETER = "unknown-parameter"
    BAD_PARAMETER = "bad-parameter"
    BAD_CURSOR = "bad-cursor"
    PAGE_TOO_LARGE = "page-too-large"
    MALFORMED_BODY = "malformed-body"
    BODY_TOO_LARGE = "body-too-large"
    BATCH_TOO_LARGE = "batch-too-large"
    BODY_TOO_SLOW = "body-too-slow"
    UNSUPPORTED_MEDIA_TYPE = "unsupported-media-type"
    EVENT_REFUSED = "event-refused"
    INVALID_BODY = "invalid-body"
    IDEMPOTENCY_KEY_REUSED = "idempotency-key-reused"
    IDEMPOTENCY_KEY_BUSY = "idempotency-key-busy"
    TRANSITION_NOT_POSSIBLE = "transition-not-possible"
    REVISION_CHANGED = "revision-changed"
    TOO_MANY_EVENTS = "too-many-events"
    TOO_MANY_STREAMS = "too-many-streams"
    BROKER_AWAY = "broker-away"
    STORE_AWAY = "store-away"
    INTERNAL = "internal"


class Words(Closed, frozen=True):
    """What is said of a type: its status, its title, and what to do about it."""

    status: int
    title: Text
    detail: Text


def _words(*rows: tuple[ProblemType, int, str, str, str, str]) -> dict[ProblemType, Words]:
    return {
        type_: Words(status, Text(en=title, zh=title_zh), Text(en=detail, zh=detail_zh))
        for type_, status, title, title_zh, detail, detail_zh in rows
    }


WORDS: dict[ProblemType, Words] = _words(
    (
        ProblemType.NO_TOKEN, 401, "No token", "缺少令牌",
        "Send the header `Authorization: Bearer` with a token.",
        "请在 Authorization 请求头中以 Bearer 方式提供令牌。",
    ),
    (
        ProblemType.BAD_TOKEN, 401, "Unknown token", "令牌无效",
        "This token is not known here. Ask whoever runs the service for one.",
        "系统不认识该令牌，请向管理员申请。",
    ),
    (
        ProblemType.TOKEN_EXPIRED, 401, "Expired token", "令牌已过期",
        "This token was valid and has expired. Ask for a new one.",
        "该令牌已过期，请申请新令牌。",
    ),
    (
        ProblemType.TOKEN_REVOKED, 401, "Revoked token", "令牌已撤销",
        "This token was revoked. Ask whoever runs the service.",
        "该令牌已被撤销，请联系管理员。",
    ),
    (
        ProblemType.ROLE_NOT_ALLOWED, 403, "Not for this role", "角色无权限",
        "The token's role may not do this. `/openapi.json` says which role may.",
        "该令牌的角色无权执行此操作；所需角色见 /openapi.json。",
    ),
    (
        ProblemType.FOREIGN_AREA, 403, "Not your area", "非本辖区",
        "The token is for other areas than this one.",
        "该令牌不适用于此区域。",
    ),
    (
        ProblemType.FOREIGN_SOURCE, 403, "Not your source", "非本来源",
        "The token is for other sources than the event's.",
        "该令牌不适用于此事件来源。",
    ),
    (
        ProblemType.NOT_FOUND, 404, "Not found", "未找到",
        "There is no such thing, or it is not in the areas of this token.",
        "不存在，或不在该令牌的辖区内。",
    ),
    (
        ProblemType.METHOD_NOT_ALLOWED, 405, "Method not allowed", "不支持的方法",
        "The header `Allow` names the methods that are.",
        "允许的方法见 Allow 响应头。",
    ),
    (
        ProblemType.UNKNOWN_PARAMETER, 400, "Unknown parameter", "未知参数",
        "`parameter` is no query parameter here. A filter that is not understood is not ignored.",
        "parameter 所列不是本接口的查询参数；无法识别的筛选条件不会被忽略。",
    ),
    (
        ProblemType.BAD_PARAMETER, 400, "Bad parameter", "参数错误",
        "`parameter` is not as `/openapi.json` has it.",
        "parameter 所列参数不符合 /openapi.json 的规定。",
    ),
    (
        ProblemType.BAD_CURSOR, 400, "Bad cursor", "游标无效",
        "The cursor is not one of this list and these filters. Begin again without one.",
        "该游标不属于此列表及筛选条件，请去掉游标重新开始。",
    ),
    (
        ProblemType.PAGE_TOO_LARGE, 400, "Page too large", "每页数量过大",
        "`limit` goes up to 200. Take `next_cursor` for more.",
        "limit 最大为 200；更多内容请使用 next_cursor。",
    ),
    (
        ProblemType.MALFORMED_BODY, 400, "Malformed body", "请求体格式错误",
        "The body is not well-formed JSON in UTF-8; `reason` says what is wrong.",
        "请求体不是有效的 UTF-8 JSON；原因见 reason。",
    ),
    (
        ProblemType.BODY_TOO_LARGE, 413, "Body too large", "请求体过大",
        "The body is larger than this endpoint takes. Send less at a time.",
        "请求体超过上限，请分批发送。",
    ),
    (
        ProblemType.BATCH_TOO_LARGE, 413, "Batch too large", "批量过大",
        "A batch has up to 1,000 events. Nothing of this one was taken.",
        "每批最多 1,000 条事件；本批未接收任何事件。",
    ),
    (
        ProblemType.BODY_TOO_SLOW, 408, "Body too slow", "请求体传输超时",
        "The body did not arrive in time.",
        "请求体未在限定时间内到达。",
    ),
    (
        ProblemType.UNSUPPORTED_MEDIA_TYPE, 415, "Unsupported media type", "不支持的内容类型",
        "Send JSON; `/openapi.json` names the media types that are taken.",
        "请发送 JSON；可用的内容类型见 /openapi.json。",
    ),
    (
        ProblemType.EVENT_REFUSED, 422, "Event refused", "事件被拒绝",
        "The event cannot be taken: `reason` names why, `pointer` the place.",
        "事件无法接收：原因见 reason，位置见 pointer。",
    ),
    (
        ProblemType.INVALID_BODY, 422, "Invalid body", "请求体内容无效",
        "The body is not as `/openapi.json` has it; `pointer` names the place.",
        "请求体不符合 /openapi.json 的规定；位置见 pointer。",
    ),
    (
        ProblemType.IDEMPOTENCY_KEY_REUSED, 422, "Idempotency key used before", "幂等键已被使用",
        "This key came before with another request. Nothing was done; take a new key.",
        "该幂等键已用于另一请求；本次未执行，请更换幂等键。",
    ),
    (
        ProblemType.IDEMPOTENCY_KEY_BUSY, 409, "Idempotency key in use", "幂等键处理中",
        "A request with this key is under way. Ask again in a moment.",
        "使用该幂等键的请求正在处理，请稍后重试。",
    ),
    (
        ProblemType.TRANSITION_NOT_POSSIBLE, 409, "Not possible now", "当前状态不允许",
        "The alert is in a state from which this does not lead on. Look at it again.",
        "该预警当前状态不允许此操作，请重新查看。",
    ),
    (
        ProblemType.REVISION_CHANGED, 412, "The alert has changed", "预警已更新",
        "The alert is not as it was when you looked. Look at it again, then decide.",
        "您查看后该预警已有变化，请重新查看后再决定。",
    ),
    (
        ProblemType.TOO_MANY_EVENTS, 429, "Too many events", "事件过多",
        "This source sends more than is agreed. Nothing was taken; try again after `Retry-After`.",
        "该来源发送过快；本次未接收，请在 Retry-After 之后重试。",
    ),
    (
        ProblemType.TOO_MANY_STREAMS, 503, "Too many streams", "连接过多",
        "As many streams are open as the service can serve. Try again later.",
        "实时连接数已达上限，请稍后重试。",
    ),
    (
        ProblemType.BROKER_AWAY, 503, "Not taken for certain", "未能确认接收",
        "The broker did not confirm. Send the same again later; nothing is counted twice.",
        "消息系统未确认接收。请在 Retry-After 之后重发相同事件，重复部分不会重复计数。",
    ),
    (
        ProblemType.STORE_AWAY, 503, "Store away", "数据库不可用",
        "The store does not answer. Try again after `Retry-After`.",
        "数据库暂不可用，请在 Retry-After 之后重试。",
    ),
    (
        ProblemType.INTERNAL, 500, "Internal error", "内部错误",
        "Something is wrong here, not with the request. It is logged.",
        "系统内部错误，已记录。",
    ),
)  # fmt: skip
