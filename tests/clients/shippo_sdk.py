"""Shippo's official Python SDK against the sandbox.

Usage: python shippo_sdk.py <sandbox url>
Prints `ok`; an AssertionError or an error of the SDK means that the sandbox answers what Shippo would not.
"""

import sys
from decimal import Decimal

from shippo import Shippo
from shippo.models import components, errors, operations

BERLIN = dict(name="Ada Lovelace", street1="Torstr. 1", city="Berlin", zip="10119", country="DE", phone="+4930123456", email="ada@example.com")
SEATTLE = dict(name="Grace Hopper", street1="1 Pine St", city="Seattle", state="WA", zip="98101", country="US", phone="+12065550100", email="grace@example.com")
NEW_YORK = dict(SEATTLE, street1="20 W 34th St", city="New York", state="NY", zip="10001")


def address(fields, **more):
    return components.AddressCreateRequest(**fields, **more)


def parcel(weight):
    return components.ParcelCreateRequest(
        length="30", width="20", height="10", distance_unit=components.DistanceUnitEnum.CM,
        weight=weight, mass_unit=components.WeightUnitEnum.KG,
    )


def shipment(sdk, sender, recipient, **more):
    return sdk.shipments.create(components.ShipmentCreateRequest(
        address_from=address(sender), address_to=address(recipient), parcels=[parcel("1.25")], metadata="Order 1", **more,
    ))


def addresses(sdk):
    good = sdk.addresses.create(address(SEATTLE, validate=True))
    assert good.validation_results.is_valid and good.is_complete, good
    assert sdk.addresses.get(good.object_id).street1 == SEATTLE["street1"]
    bad = sdk.addresses.create(address(dict(SEATTLE, street1="1 Nowhere St"), validate=True))
    assert bad.validation_results.is_valid is False, bad
    assert bad.validation_results.messages[0].code == "Address Not Found", bad
    later = sdk.addresses.create(address(dict(SEATTLE, street1="1 Correctme St")))
    checked = sdk.addresses.validate(later.object_id).validation_results
    assert checked.is_valid and len(checked.messages) == 1, checked
    try:
        sdk.addresses.create(address(dict(SEATTLE, country="")))
        raise AssertionError("an address without a country was accepted")
    except errors.SDKError as error:
        assert error.status_code == 400 and "country" in error.body, error


def domestic(sdk):
    sent = shipment(sdk, SEATTLE, NEW_YORK, async_=False)
    assert sent.status == components.ShipmentStatus.SUCCESS and not sent.messages, sent
    rates = sorted(sent.rates, key=lambda rate: Decimal(rate.amount))
    assert {rate.currency for rate in rates} == {"USD"}, rates
    assert "CHEAPEST" in rates[0].attributes, rates[0]
    tokens = [rate.servicelevel.token for rate in rates]
    assert "usps_ground_advantage" in tokens and tokens.count("ups_ground") == 2, tokens
    fastest = min(rates, key=lambda rate: rate.estimated_days)
    assert "FASTEST" in fastest.attributes, fastest
    assert sdk.rates.get(rates[0].object_id).amount == rates[0].amount
    return sent, rates


def deferred(sdk):
    queued = shipment(sdk, BERLIN, dict(BERLIN, city="Wien", zip="1010", country="AT"))
    assert queued.status == components.ShipmentStatus.QUEUED and not queued.rates, queued
    done = sdk.shipments.get(queued.object_id)
    assert done.status == components.ShipmentStatus.SUCCESS and done.rates[0].currency == "EUR", done


def international(sdk):
    without = shipment(sdk, BERLIN, SEATTLE, async_=False)
    assert not without.rates and "customs" in without.messages[0].text.lower(), without
    item = components.CustomsItemCreateRequest(
        description="Mug", quantity=2, net_weight="1", mass_unit=components.WeightUnitEnum.KG, value_amount="25.00",
        value_currency="EUR", origin_country="DE", hs_code="6912.00",
    )
    declaration = components.CustomsDeclarationCreateRequest(
        certify=True, certify_signer="Ada Lovelace", contents_type=components.CustomsDeclarationContentsTypeEnum.MERCHANDISE,
        non_delivery_option=components.CustomsDeclarationNonDeliveryOptionEnum.RETURN, items=[item],
        incoterm=components.CustomsDeclarationIncotermEnum.DDU,
    )
    sent = shipment(sdk, BERLIN, SEATTLE, async_=False, customs_declaration=declaration)
    assert {rate.currency for rate in sent.rates} == {"EUR"} and {rate.currency_local for rate in sent.rates} == {"USD"}, sent
    kept = sdk.customs_declarations.get(sent.customs_declaration.object_id)
    assert sdk.customs_items.get(kept.items[0]).description == "Mug", kept
    request = operations.ListShipmentRatesByCurrencyCodeRequest(shipment_id=sent.object_id, currency_code="JPY")
    yen = sdk.rates.list_shipment_rates_by_currency_code(request).results
    assert len(yen) == len(sent.rates), yen
    assert all(rate.currency_local == "JPY" and "." not in rate.amount_local for rate in yen), yen
    assert len(sdk.rates.list_shipment_rates(sent.object_id).results) == len(sent.rates)


def label(sdk, rate):
    bought = sdk.transactions.create(components.TransactionCreateRequest(
        rate=rate.object_id, async_=False, label_file_type=components.LabelFileTypeEnum.PDF_4X6, metadata="Order 1",
    ))
    assert bought.status == components.TransactionStatusEnum.SUCCESS and bought.label_url and bought.tracking_number, bought
    listed = sdk.transactions.list(operations.ListTransactionsRequest(rate=rate.object_id))
    assert [row.object_id for row in listed.results] == [bought.object_id], listed
    track = sdk.tracking_status.get(bought.tracking_number, rate.provider.lower())
    assert track.tracking_status.status == components.TrackingStatusEnum.PRE_TRANSIT, track
    refund = sdk.refunds.create(bought.object_id)
    assert refund.status in (components.RefundStatus.QUEUED, components.RefundStatus.PENDING), refund
    assert sdk.refunds.get(refund.object_id).status == components.RefundStatus.SUCCESS
    assert sdk.transactions.get(bought.object_id).status == components.TransactionStatusEnum.REFUNDED
    try:
        sdk.transactions.create(components.TransactionCreateRequest(rate="0" * 32))
        raise AssertionError("an unknown rate was bought")
    except errors.SDKError as error:
        assert error.status_code == 400, error


def tracks(sdk):
    track = sdk.tracking_status.create("shippo", "SHIPPO_DELIVERED", metadata="Order 1")
    assert track.metadata == "Order 1" and track.tracking_status.status == components.TrackingStatusEnum.DELIVERED, track
    assert [event.status.value for event in track.tracking_history] == ["PRE_TRANSIT", "TRANSIT", "DELIVERED"], track


def main():
    def connect(key):
        return Shippo(api_key_header=key, shippo_api_version="2018-02-08", server_url=sys.argv[1] + "/shippo")

    sdk = connect("shippo_test_x")
    addresses(sdk)
    _, rates = domestic(sdk)
    deferred(sdk)
    international(sdk)
    label(sdk, rates[0])
    tracks(sdk)
    assert len(sdk.carrier_accounts.list(operations.ListCarrierAccountsRequest()).results) == 5
    try:
        connect("shippo_live_x").addresses.get("0" * 32)
        raise AssertionError("a live key was accepted")
    except errors.SDKError as error:
        assert error.status_code == 401, error
    print("ok")


main()
