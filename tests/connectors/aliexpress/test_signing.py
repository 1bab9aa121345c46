"""The gateway's signature: the documentation's vectors."""

from pydantic import SecretStr

from linkstar_pipelines.connectors.aliexpress.signing import push_signature, sign

SECRET = SecretStr("helloworld")
SYSTEM = {"app_key": "123456", "sign_method": "sha256", "timestamp": "1517820392000"}


def test_a_system_call_is_signed_with_its_path_in_front() -> None:
    told = {**SYSTEM, "access_token": "test", "order_id": "1234"}
    expected = "4190D32361CFB9581350222F345CB77F3B19F0E31D162316848A2C1FFD5FAB4A"
    assert sign(told, SECRET, "/order/get") == expected


def test_a_business_method_is_one_of_the_signed_parameters() -> None:
    told = {
        **SYSTEM,
        "method": "aliexpress.solution.order.get",
        "param0": '{"page_size":20,"current_page":1}',
        "session": "test",
    }
    assert sign(told, SECRET) == "E8CB10745B283CEAB4434F13E63C5B3F74F2173109EA134C1C3C9114777E9DB7"


def test_empty_parameters_and_the_signature_itself_do_not_count() -> None:
    assert sign({**SYSTEM, "simplify": "", "sign": "X"}, SECRET) == sign(SYSTEM, SECRET)


def test_a_notification_is_signed_over_app_key_and_raw_body() -> None:
    body = (
        b'{"seller_id":"1234567","message_type":0,"data":{"order_status":"unpaid","trade_order_id":"260422900198363",'
        b'"trade_order_line_id":"260422900298363","status_update_time":1603698638},"timestamp":1603766859530,'
        b'"site":"lazada_vn"}'
    )
    expected = "b0cfd0349e915667babf3c35e2335fb09653527421c46a94bd9e70e874c16322"
    assert push_signature("123456", SECRET, body) == expected
