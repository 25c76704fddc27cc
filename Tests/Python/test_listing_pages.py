"""Listings end, whatever is said of the next page.

Method: a scripted server answers with pages that lead back, as a cache does that takes no account of
what is asked for.
"""

import json

import pytest
from scripted_server import ScriptedServer, answer

import hub
from hub.configuration import Configuration
from hub.listing_pages import pages_of
from hub.object_keys import ObjectKeys
from hub.transport import Transport

XML = ('<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
       "<NextContinuationToken>x</NextContinuationToken></ListBucketResult>")


def document(**members):
    return answer(200, json.dumps({"next": "x"} | members).encode())


def client(server):
    return hub.Client(Transport(Configuration(endpoint=server.endpoint, retries=0)))


@pytest.mark.parametrize("page, read", [
    (document(arrays=[]), lambda client: client.list_arrays("n")),
    (document(arrays=[{"a": 1}]), lambda client: client.pages("/v1/x", "arrays", limit=5)),
    (document(grid_shape=[1], chunks=[[0]]), lambda client: client.occupancy(hub.Reference.parse("n/x:v1"))),
    (answer(200, XML.encode()), lambda client: ObjectKeys(client.transport, "n").entries()),
], ids=["arrays", "some", "occupancy", "objects"])
def test_pages_that_lead_back_are_told(page, read):
    with ScriptedServer(page, keep=True) as server:
        with pytest.raises(hub.Unavailable, match="begin anew"):
            list(read(client(server)))
        assert len(server.requests) == 2


def test_pages_in_a_circle_are_told():
    following = {"": "a", "a": "b", "b": "c", "c": "a"}
    found = []
    with pytest.raises(hub.Unavailable, match="begin anew"):
        for page in pages_of(lambda cursor: (cursor, following[cursor]), "here"):
            found.append(page)
    assert found == ["", "a", "b", "c"]


def test_pages_are_asked_for_as_they_are_wanted_and_no_more():
    pages = [document(arrays=[{"n": 1}, {"n": 2}]), document(arrays=[{"n": 3}], next=None)]
    for limit, count, asked in ((None, 3, 2), (3, 3, 2), (2, 2, 1), (0, 0, 0)):
        with ScriptedServer(*pages, keep=True) as server:
            found = list(client(server).pages("/v1/x", "arrays", limit=limit))
            assert [one["n"] for one in found] == [1, 2, 3][:count]
            assert len(server.requests) == asked
    with ScriptedServer(*pages, keep=True) as server:
        list(client(server).pages("/v1/x", "arrays", query=[("prefix", "a")], limit=3))
        targets = [request.split()[1] for request in server.requests]
    assert targets == [b"/v1/x?limit=3&prefix=a", b"/v1/x?cursor=x&limit=1&prefix=a"]
