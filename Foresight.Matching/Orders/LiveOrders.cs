using Foresight.Chain;
using Foresight.Matching.Engine;
using Foresight.Protocol;

namespace Foresight.Matching.Orders;

/// <summary>Values of the column <c>orders.status</c>. They must not change, because stored rows contain them.</summary>
internal enum OrderStatus : short
{
    Open = 0,
    PartiallyFilled = 1,
    Filled = 2,
    Cancelled = 3,
    Expired = 4,

    /// <summary>
    /// Killed by the book (fill-or-kill, post-only, self-trade) before it rested or traded. It has a row nevertheless, so that its hash is
    /// dead for ever (docs/decisions/0415).
    /// </summary>
    Rejected = 5,
}

/// <summary>
/// The engine knows orders by number only; callers and the journal's tables need the hash, the owner's address and the state.
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
    public required Purse Purse { get; init; }
    public required Price Price { get; set; }
    public required long Lots { get; init; }
    public long FilledLots { get; set; }

    /// <summary>Lots that were filled directly on chain, without this exchange. They cannot be filled again.</summary>
    public long ReducedLots { get; set; }

    /// <summary>
    /// The expiry that its maker signed, in Unix seconds; 0: none. The engine ends such an order too, after the longest life of an order.
    /// </summary>
    public required long SignedExpiry { get; init; }

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
            OrderStatus.Expired => "expired",
            _ => "rejected",
        };

    public LiveOrder Copy() => (LiveOrder)MemberwiseClone();
}

internal sealed class LiveOrders
{
    private readonly Dictionary<OrderId, LiveOrder> _byId = [];
    private readonly Dictionary<Hash32, LiveOrder> _byHash = [];

    public int Count => _byId.Count;

    public void Add(LiveOrder order)
    {
        _byId.Add(order.Id, order);
        _byHash.Add(order.Hash, order);
    }

    public LiveOrder? Find(OrderId id) => _byId.GetValueOrDefault(id);

    public LiveOrder? Find(Hash32 hash) => _byHash.GetValueOrDefault(hash);

    public void Remove(LiveOrder order)
    {
        _byId.Remove(order.Id);
        _byHash.Remove(order.Hash);
    }
}

/// <summary>Ids are assigned in the order of the journal, so that a replay assigns the same ones.</summary>
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

/// <summary>
/// The terms of an order that its signature does not cover. The first sequenced request with the order's hash fixes them: without that,
/// any holder of a signed order could send it again with other terms, so that a killed fill-or-kill order would rest.
/// </summary>
internal readonly record struct OrderTerms(
    int TimeInForce,
    bool PostOnly,
    int SelfTradePrevention,
    string? ClientOrderId,
    int Purse = 0,
    bool FirmOnly = false
)
{
    public static OrderTerms Of(PlaceOrder order) =>
        new(order.TimeInForce, order.PostOnly, order.SelfTradePrevention, order.ClientOrderId, order.Purse, order.FirmOnly);

    /// <summary>Named as in the API's request, because the caller gets the names with the refusal. Empty if no term differs.</summary>
    public IReadOnlyList<string> DifferencesFrom(OrderTerms other)
    {
        if (this == other)
            return [];
        var names = new List<string>();
        if (TimeInForce != other.TimeInForce)
            names.Add("timeInForce");
        if (PostOnly != other.PostOnly)
            names.Add("postOnly");
        if (SelfTradePrevention != other.SelfTradePrevention)
            names.Add("selfTradePrevention");
        if (ClientOrderId != other.ClientOrderId)
            names.Add("clientOrderId");
        if (Purse != other.Purse)
            names.Add("purse");
        if (FirmOnly != other.FirmOnly)
            names.Add("firmOnly");
        return names;
    }
}
