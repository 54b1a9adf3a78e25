using Foresight.Chain;
using Foresight.Matching.Engine;

namespace Foresight.Matching.Orders;

/// <summary>Values of the column <c>orders.status</c>. They must not change, because stored rows contain them.</summary>
internal enum OrderStatus : short
{
    Open = 0,
    PartiallyFilled = 1,
    Filled = 2,
    Cancelled = 3,
    Expired = 4,
}

/// <summary>
/// The parts of an order that the engine does not need: its hash, its owner's address, and its state for the journal's tables.
/// </summary>
internal sealed class LiveOrder
{
    public required OrderId Id { get; init; }
    public required Hash32 Hash { get; init; }
    public required AccountId Account { get; init; }
    public required Address Owner { get; init; }
    public required MarketId Market { get; init; }
    public required byte Outcome { get; init; }
    public required Side Side { get; init; }
    public required Price Price { get; set; }
    public required long Lots { get; init; }
    public long FilledLots { get; set; }

    /// <summary>Lots that were filled directly on chain, without this exchange. They cannot be filled again.</summary>
    public long ReducedLots { get; set; }

    /// <summary>Unix seconds; 0: never.</summary>
    public required long ExpiresAt { get; init; }

    public OrderStatus Status { get; set; }
    public string? Reason { get; set; }

    public long UpdatedSequence { get; set; }

    public bool IsLive => Status is OrderStatus.Open or OrderStatus.PartiallyFilled;
    public long RemainingLots => Lots - FilledLots - ReducedLots;

    public string StatusName =>
        Status switch
        {
            OrderStatus.Open => "open",
            OrderStatus.PartiallyFilled => "partially_filled",
            OrderStatus.Filled => "filled",
            OrderStatus.Cancelled => "cancelled",
            _ => "expired",
        };

    public LiveOrder Copy() => (LiveOrder)MemberwiseClone();
}

internal sealed class LiveOrders
{
    private readonly Dictionary<OrderId, LiveOrder> _byId = [];
    private readonly Dictionary<Hash32, LiveOrder> _byHash = [];
    private readonly PriorityQueue<OrderId, long> _expiries = new();

    public int Count => _byId.Count;

    public void Add(LiveOrder order)
    {
        _byId.Add(order.Id, order);
        _byHash.Add(order.Hash, order);
        if (order.ExpiresAt > 0)
            _expiries.Enqueue(order.Id, order.ExpiresAt);
    }

    public LiveOrder? Find(OrderId id) => _byId.GetValueOrDefault(id);

    public LiveOrder? Find(Hash32 hash) => _byHash.GetValueOrDefault(hash);

    public void Remove(LiveOrder order)
    {
        _byId.Remove(order.Id);
        _byHash.Remove(order.Hash);
    }

    /// <summary>
    /// True if at least one order has expired. Resets the earliest expiry, so the caller must expire all orders that are due.
    /// </summary>
    public bool TakeDue(long nowSeconds)
    {
        var due = false;
        while (_expiries.TryPeek(out var id, out var second) && second < nowSeconds)
        {
            _expiries.Dequeue();
            due |= _byId.ContainsKey(id);
        }

        return due;
    }
}

/// <summary>Account ids, assigned in the order of the journal so that a replay assigns the same ones.</summary>
internal sealed class Accounts
{
    private readonly Dictionary<Address, AccountId> _byAddress = [];
    private readonly Dictionary<AccountId, Address> _byId = [];

    public Address this[AccountId id] => _byId[id];

    public AccountId? Find(Address address) => _byAddress.TryGetValue(address, out var id) ? id : null;

    public void Add(AccountId id, Address address)
    {
        _byAddress.Add(address, id);
        _byId.Add(id, address);
    }

    public AccountId Create(Address address)
    {
        var id = new AccountId(_byId.Count + 1);
        Add(id, address);
        return id;
    }
}
