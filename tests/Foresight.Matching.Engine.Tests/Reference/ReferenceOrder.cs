namespace Foresight.Matching.Engine.Tests.Reference;

public sealed class ReferenceOrder
{
    public required long Id { get; init; }
    public required int Account { get; init; }
    public required int Market { get; init; }
    public required byte Outcome { get; init; }
    public required Side Side { get; init; }
    public required Purse Purse { get; init; }
    public required int Price { get; set; }
    public required long Left { get; set; }
    public ulong SaltTag { get; init; }
    public long ExpiresAtSeconds { get; init; }

    public long Arrival { get; set; }

    public long Hold => Side == Side.Buy ? Price * Left : Left;

    public ReferenceOrder Copy() => (ReferenceOrder)MemberwiseClone();
}

public sealed record ReferenceLeg(long Order, int Account, byte Outcome, Side Side, int Price, long Left, Purse Purse)
{
    public long Debit(long quantity) => Side == Side.Buy ? Price * quantity : quantity;

    public long Credit(long quantity) => Side == Side.Buy ? quantity : Price * quantity;
}

public sealed record ReferenceTrade(long Id, int Market, TradeKind Kind, long Quantity, IReadOnlyList<ReferenceLeg> Legs)
{
    public bool IsFirm => Legs.All(leg => leg.Purse == Purse.Vault);
}

public sealed record ReferenceWithdrawal(int Account, ulong Nonce, int Market, byte Outcome, long Units, long Deadline);

public sealed class ReferenceMarket
{
    public required int Id { get; init; }
    public required int Outcomes { get; init; }
    public required int TickSize { get; init; }
    public MarketState State { get; set; }
    public byte Winner { get; set; }
    public bool FirmOnly { get; init; }
    public List<ReferenceOrder> Orders { get; } = [];
}
