namespace Foresight.Simulation.Vault;

/// <param name="Outcome">255 with market 0: collateral.</param>
internal readonly record struct Asset(string Account, int Market, int Outcome);

/// <summary>As in Vault.sol.</summary>
internal readonly record struct PurseAmounts(long Free, long Leaving, long ReadyBlock, long ReadyTime);

/// <param name="Pays">Units that the leg takes out of its purse.</param>
internal readonly record struct VaultLeg(Asset Of, long Pays, Asset Into, long Gets);

/// <summary>The legs of a trade that are of the vault; all of them if it is firm.</summary>
internal sealed record VaultTrade(long Id, bool IsFirm, IReadOnlyList<VaultLeg> Legs);

internal sealed record Grant(Asset Of, ulong Nonce, long Units, long Deadline);

/// <summary>A block with the state after it, so that it can be undone.</summary>
internal sealed class Block
{
    private readonly Dictionary<Asset, PurseAmounts> _purses;

    public Block(IEnumerable<(Asset Of, long Units)> free, long time)
    {
        _purses = free.ToDictionary(one => one.Of, one => new PurseAmounts(one.Units, 0, 0, 0));
        Time = time;
    }

    private Block(Block parent, long time)
    {
        (Number, Time) = (parent.Number + 1, Math.Max(time, parent.Time));
        _purses = new(parent._purses);
        Paid = new(parent.Paid);
        Settled = new(parent.Settled);
        Failed = new(parent.Failed);
    }

    public long Number { get; }

    /// <summary>Unix seconds.</summary>
    public long Time { get; }

    public IEnumerable<Asset> Assets => _purses.Keys;

    /// <summary>The block that paid.</summary>
    public Dictionary<(string Account, ulong Nonce), long> Paid { get; } = [];

    public Dictionary<long, long> Settled { get; } = [];

    public Dictionary<long, long> Failed { get; } = [];

    public List<Action<Block>> Acts { get; } = [];

    public Block Next(long time) => new(this, time);

    public PurseAmounts this[Asset asset]
    {
        get => _purses.GetValueOrDefault(asset);
        set => _purses[asset] = value;
    }

    /// <summary>The free part first, then what is leaving.</summary>
    public bool TryDebit(Asset asset, long units)
    {
        var purse = this[asset];
        if (units > purse.Free + purse.Leaving)
            return false;
        this[asset] = purse with { Free = Math.Max(0, purse.Free - units), Leaving = purse.Leaving - Math.Max(0, units - purse.Free) };
        return true;
    }

    public void Credit(Asset asset, long units) => this[asset] = this[asset] with { Free = this[asset].Free + units };
}
