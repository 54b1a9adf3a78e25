using Foresight.Chain;

namespace Foresight.Api.Orders;

/// <summary>
/// Bounded memory of addresses, with a time for each. What was used lately stays, however many others come: they are kept in two
/// generations, and a full one replaces the older.
/// </summary>
public sealed class RecentAddresses(int capacity)
{
    private readonly Lock _gate = new();
    private Dictionary<Address, long> _young = [];
    private Dictionary<Address, long> _old = [];

    public bool TryGet(Address address, out long time)
    {
        lock (_gate)
        {
            if (_young.TryGetValue(address, out time))
                return true;
            if (!_old.TryGetValue(address, out time))
                return false;
            Put(address, time);
            return true;
        }
    }

    public void Set(Address address, long time)
    {
        lock (_gate)
            Put(address, time);
    }

    private void Put(Address address, long time)
    {
        if (_young.Count >= capacity / 2 && !_young.ContainsKey(address))
            (_old, _young) = (_young, []);
        _young[address] = time;
    }
}
