"""Why a record is refused: one named reason each, with a label in both languages.

Rules: a reason is added at the end and never renamed, because dead letters and dashboards name it.
A refusal tells *where* (a path of field names we know ourselves) and never *what*: the content of a
refused record is in no message, log or metric.
"""

from enum import StrEnum

from schemas.closed import Text


class Rejection(StrEnum):
    """The reason for which a record goes to its dead-letter topic."""

    EMPTY = "empty"
    OVERSIZE = "oversize"
    NOT_UTF8 = "not_utf8"
    NUL_CHARACTER = "nul_character"
    TOO_DEEP = "too_deep"
    MALFORMED_JSON = "malformed_json"
    NON_FINITE_NUMBER = "non_finite_number"
    LONE_SURROGATE = "lone_surrogate"
    DUPLICATE_FIELD = "duplicate_field"
    NOT_AN_OBJECT = "not_an_object"
    WRONG_SPECVERSION = "wrong_specversion"
    WRONG_EVENT_TYPE = "wrong_event_type"
    WRONG_CONTENT_TYPE = "wrong_content_type"
    TYPE_NOT_OF_TOPIC = "type_not_of_topic"
    BAD_HEADER = "bad_header"
    UNKNOWN_FIELD = "unknown_field"
    MISSING_FIELD = "missing_field"
    MISSING_PURPOSE = "missing_purpose"
    WRONG_TYPE = "wrong_type"
    UNKNOWN_VALUE = "unknown_value"
    OUT_OF_RANGE = "out_of_range"
    TOO_LONG = "too_long"
    TOO_SHORT = "too_short"
    MALFORMED_VALUE = "malformed_value"
    CONTROL_CHARACTER = "control_character"
    TIME_MALFORMED = "time_malformed"
    TIME_WITHOUT_ZONE = "time_without_zone"
    TIME_TOO_OLD = "time_too_old"
    TIME_IN_FUTURE = "time_in_future"
    INGESTTIME_OUT_OF_RANGE = "ingesttime_out_of_range"
    UNKNOWN_AREA = "unknown_area"
    AREA_NOT_VALID = "area_not_valid"
    IDENTIFIER_MALFORMED = "identifier_malformed"
    IDENTIFIER_CHECKSUM = "identifier_checksum"
    NOT_OF_THIS_LOG = "not_of_this_log"


class Refused(ValueError):  # noqa: N818  # a refusal is a decision about a record, named as one
    """A record that cannot be taken.

    `reason` is the named reason; `detail` a JSON path such as `$.data.severity`, made of field
    names of our own types only, `$` where the place is the whole record or not ours to name.
    """

    def __init__(self, reason: Rejection, detail: str = "$") -> None:
        super().__init__(f"{reason} at {detail}")
        self.reason = reason
        self.detail = detail


REJECTION_LABELS: dict[Rejection, Text] = {
    reason: Text(en=en, zh=zh)
    for reason, en, zh in (
        (Rejection.EMPTY, "nothing in it", "内容为空"),
        (Rejection.OVERSIZE, "larger than the limit", "超过大小上限"),
        (Rejection.NOT_UTF8, "not UTF-8", "不是 UTF-8 编码"),
        (Rejection.NUL_CHARACTER, "a NUL character in the text", "文本含空字符"),
        (Rejection.TOO_DEEP, "nested too deep", "嵌套过深"),
        (Rejection.MALFORMED_JSON, "not well-formed JSON", "JSON 格式错误"),
        (Rejection.NON_FINITE_NUMBER, "a number that is not finite", "数值不是有限数"),
        (
            Rejection.LONE_SURROGATE,
            "half of a surrogate pair in the text",
            "文本含不成对的代理字符",
        ),
        (Rejection.DUPLICATE_FIELD, "a field is there twice", "字段重复"),
        (Rejection.NOT_AN_OBJECT, "not a JSON object", "不是 JSON 对象"),
        (Rejection.WRONG_SPECVERSION, "not CloudEvents 1.0", "不是 CloudEvents 1.0"),
        (Rejection.WRONG_EVENT_TYPE, "an event type we do not know", "未知的事件类型"),
        (Rejection.WRONG_CONTENT_TYPE, "not the content type of JSON", "内容类型不是 JSON"),
        (Rejection.TYPE_NOT_OF_TOPIC, "the event belongs on another topic", "事件类型与主题不符"),
        (Rejection.BAD_HEADER, "a header that cannot be read", "消息头无法读取"),
        (Rejection.UNKNOWN_FIELD, "a field we do not know", "未知字段"),
        (Rejection.MISSING_FIELD, "a required field is missing", "缺少必填字段"),
        (Rejection.MISSING_PURPOSE, "the purpose of the contact is missing", "缺少来访目的"),
        (Rejection.WRONG_TYPE, "a value of the wrong type", "值的类型错误"),
        (Rejection.UNKNOWN_VALUE, "a value that is not in its list", "值不在允许范围内"),
        (Rejection.OUT_OF_RANGE, "a number out of its range", "数值超出范围"),
        (Rejection.TOO_LONG, "a value that is too long", "值过长"),
        (Rejection.TOO_SHORT, "a value that is too short", "值过短"),
        (Rejection.MALFORMED_VALUE, "a value of the wrong form", "值的格式错误"),
        (Rejection.CONTROL_CHARACTER, "a control character in a name", "标识含控制字符"),
        (Rejection.TIME_MALFORMED, "a time that cannot be read", "时间格式错误"),
        (Rejection.TIME_WITHOUT_ZONE, "a time without its zone", "时间缺少时区"),
        (Rejection.TIME_TOO_OLD, "a time too long ago", "时间过早"),
        (Rejection.TIME_IN_FUTURE, "a time in the future", "时间在未来"),
        (Rejection.INGESTTIME_OUT_OF_RANGE, "an ingest time out of range", "接收时间超出范围"),
        (Rejection.UNKNOWN_AREA, "an area we do not know", "未知区域"),
        (Rejection.AREA_NOT_VALID, "an area not valid on that day", "区域当日无效"),
        (Rejection.IDENTIFIER_MALFORMED, "an identifier of the wrong form", "标识号码格式错误"),
        (
            Rejection.IDENTIFIER_CHECKSUM,
            "an identifier with a wrong check digit",
            "标识号码校验错误",
        ),
        (
            Rejection.NOT_OF_THIS_LOG,
            "a record that does not belong in this log or partition",
            "记录不属于该日志或分区",
        ),
    )
}
