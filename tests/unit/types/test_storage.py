import numpy as np

from gridagora.devices.battery import Battery, ChargedBatteries
from gridagora.types.storage import Storage


def test_charged_batteries_are_a_storage():
    storage: Storage = ChargedBatteries(Battery.of([2.0, 4.0], 3.0))

    storage.deliver(np.array([1.0, 0.0]), 1.0)
    assert storage.available_kw(0.5).tolist() == [2.0, 3.0]
    storage.reset()
    assert storage.available_kw(1.0).tolist() == [2.0, 3.0]
