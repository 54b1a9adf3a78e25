using Foresight.Matching.Engine;
using Foresight.Simulation.Time;

namespace Foresight.Simulation.Vault;

/// <summary>
/// The vault on a chain, with its rules, a settlement that is never slower than half of the delay, and blocks that stall or are undone
/// before they are confirmed. What reaches the engine of it, <see cref="Clients.Follower"/> reports.
/// </summary>
internal sealed class SimulatedChain
{
    public const long DelaySeconds = 40;
    public const long DelayBlocks = 10;
    public const int Confirmations = 2;
    public const int FinalityBlocks = 5;

    /// <summary>Of the bounds on liveness: how old facts may be.</summary>
    public const long Quarter = DelaySeconds / 4;

    /// <summary>Few, so that the bound is met.</summary>
    public const long FirmTrades = 12;

    public const long Money = 20_000_000_000;
    public const long Shares = 8_000;

    private readonly World _world;
    private readonly Dice _dice;
    private readonly List<Block> _blocks;
    private readonly List<Action<Block>> _acts = [];
    private readonly List<VaultTrade> _sent = [];
    private readonly Dictionary<TradeId, VaultTrade?> _trades = [];
    private long _highest;
    private long _stalledUntil;
    private long _settlerIsBackAt;

    public SimulatedChain(World world, Dice dice)
    {
        (_world, _dice) = (world, dice);
        var free =
            from account in Clients.Trader.AllAccounts(traders: 4)
            from asset in AssetsOf(account)
            select (asset, asset.Market == 0 ? Money : Shares);
        var first = new Block(free, world.Postgres.TrueNowSeconds);
        // Of requests that are ready when the life begins.
        foreach (var asset in first.Assets.Where(_ => dice.Chance(0.2)).ToList())
            first[asset] = first[asset] with { Leaving = first[asset].Free / 2 };
        _blocks = [first];
        PlanBlock();
        PlanSettlement();
        PlanStalls();
    }

    public Block Head => _blocks[^1];

    /// <summary>Not after the head: blocks above it may just have been undone.</summary>
    public Block Confirmed => At(Math.Max(0, _highest - Confirmations));

    public Block Final => At(Math.Max(0, _highest - FinalityBlocks));

    /// <summary>Of the journal: what may be paid at once.</summary>
    public Dictionary<(string Account, ulong Nonce), Grant> Granted { get; } = [];

    /// <summary>The block of which each request of terms has all facts, for the engine.</summary>
    public Dictionary<Guid, Block> Vouched { get; } = [];

    /// <summary>A promotion has lost what the chain has facts of, and settlement stands for good, as it does for an operator.</summary>
    public bool IsOver { get; set; }

    public Block At(long number) => _blocks[(int)number];

    public static IEnumerable<Asset> AssetsOf(string account)
    {
        yield return new Asset(account, 0, Command.CollateralOutcome);
        for (var market = 1; market <= 2; market++)
        for (var outcome = 0; outcome <= market; outcome++)
            yield return new Asset(account, market, outcome);
    }

    /// <summary>Mined before all trades that wait.</summary>
    public void Send(Action<Block> act) => _acts.Add(act);

    public void Request(Asset asset, long units) =>
        Send(block =>
        {
            var purse = block[asset];
            var amount = Math.Min(units, purse.Free);
            if (amount > 0)
                block[asset] = new PurseAmounts(
                    purse.Free - amount,
                    purse.Leaving + amount,
                    block.Number + DelayBlocks,
                    block.Time + DelaySeconds
                );
        });

    public void Cancel(Asset asset) => Send(block => block[asset] = new PurseAmounts(block[asset].Free + block[asset].Leaving, 0, 0, 0));

    public void Finish(Asset asset) =>
        Send(block =>
        {
            var purse = block[asset];
            if (block.Number >= purse.ReadyBlock && block.Time >= purse.ReadyTime)
                block[asset] = purse with { Leaving = 0 };
        });

    public void WithdrawNow(Grant grant) =>
        Send(block =>
        {
            if (block.Paid.ContainsKey((grant.Of.Account, grant.Nonce)) || block.Time > grant.Deadline)
                return;
            if (!Granted.ContainsKey((grant.Of.Account, grant.Nonce)) && !IsOver)
                throw _world.Violated("a co-signature is of a journaled grant", $"{grant} is paid, and is not in the journal");
            if (block.TryDebit(grant.Of, grant.Units))
                block.Paid.Add((grant.Of.Account, grant.Nonce), block.Number);
        });

    public VaultTrade? TradeOf(TradeId id) => _trades.TryGetValue(id, out var known) ? known : _trades[id] = Read(id);

    private VaultTrade? Read(TradeId id)
    {
        var tables = _world.Postgres.Tables;
        if (!tables.Trades.TryGetValue(id, out var row))
            return null;
        var market = row.Trade.Market.Value;
        var legs =
            from fill in tables.Fills
            where fill.Trade == id && fill.Purse == Purse.Vault
            let account = tables.Accounts.Find(one => one.Id == fill.Account).Address.ToLowerHex()
            let money = new Asset(account, 0, Command.CollateralOutcome)
            let shares = new Asset(account, market, fill.Outcome)
            let cost = fill.Lots * fill.PriceTicks
            select fill.IsBuy ? new VaultLeg(money, cost, shares, fill.Lots) : new VaultLeg(shares, fill.Lots, money, cost);
        var ofVault = legs.ToList();
        return ofVault.Count == 0 ? null : new VaultTrade(id.Value, row.Trade.Firm, ofVault);
    }

    private void PlanBlock() => _world.Timeline.After(_dice.Between(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2)), Mine);

    private void Mine()
    {
        if (_world.Timeline.Now < _stalledUntil)
        {
            _world.Timeline.At(_stalledUntil, Mine);
            return;
        }

        if (Head.Number > Confirmed.Number && _dice.Chance(0.08))
            Undo(1 + _dice.Below((int)(Head.Number - Confirmed.Number)));
        var block = Head.Next(_world.Postgres.TrueNowSeconds);
        block.Acts.AddRange(_acts);
        _acts.Clear();
        foreach (var act in block.Acts)
            act(block);
        foreach (var trade in _sent.Where(trade => !block.Settled.ContainsKey(trade.Id) && !block.Failed.ContainsKey(trade.Id)))
            Settle(block, trade);
        _sent.Clear();
        _blocks.Add(block);
        _highest = Math.Max(_highest, block.Number);
        _world.Trace.Add("chain", "block", block.Number, block.Settled.Count);
        PlanBlock();
    }

    /// <summary>Some of what they had comes again; trades are sent again by settlement.</summary>
    private void Undo(int depth)
    {
        _world.Trace.Add("chain", "blocks are undone", depth);
        var undone = _blocks[^depth..];
        _blocks.RemoveRange(_blocks.Count - depth, depth);
        _acts.InsertRange(0, undone.SelectMany(block => block.Acts).Where(_ => _dice.Chance(0.5)).ToList());
    }

    private void Settle(Block block, VaultTrade trade)
    {
        var before = trade.Legs.Select(leg => (leg.Of, block[leg.Of])).ToList();
        var isPaid = trade.Legs.All(leg => block.TryDebit(leg.Of, leg.Pays));
        if (isPaid)
        {
            foreach (var leg in trade.Legs)
                block.Credit(leg.Into, leg.Gets);
            block.Settled.Add(trade.Id, block.Number);
            return;
        }

        // Back to the first: two legs may be of one purse.
        foreach (var (asset, purse) in Enumerable.Reverse(before))
            block[asset] = purse;
        if (trade.IsFirm && !IsOver)
            throw _world.Violated("a firm trade settles", $"trade {trade.Id} is refused in block {block.Number}");
        block.Failed.Add(trade.Id, block.Number);
    }

    private void PlanSettlement() =>
        _world.Timeline.After(
            _dice.Between(TimeSpan.FromSeconds(0.3), TimeSpan.FromSeconds(1.5)),
            () =>
            {
                if (_world.Timeline.Now >= _settlerIsBackAt && !IsOver)
                    SendTrades();
                PlanSettlement();
            }
        );

    private void SendTrades()
    {
        var waiting = _world
            .Postgres.Tables.Trades.Keys.Where(id => !Head.Settled.ContainsKey(id.Value) && !Head.Failed.ContainsKey(id.Value))
            .OrderBy(id => id.Value)
            .Select(TradeOf)
            .OfType<VaultTrade>()
            .ToList();
        _sent.Clear();
        _sent.AddRange(waiting.Where(trade => trade.IsFirm));
        _sent.AddRange(waiting.Where(trade => !trade.IsFirm));
    }

    /// <summary>Together shorter than half of the delay.</summary>
    private void PlanStalls() =>
        _world.Timeline.After(
            _dice.Between(TimeSpan.FromSeconds(12), TimeSpan.FromSeconds(30)),
            () =>
            {
                var (chain, settler) = (_dice.Between(0, 6), _dice.Between(0, 6));
                _stalledUntil = _world.Timeline.Now + TimeSpan.FromSeconds(chain).Ticks;
                _settlerIsBackAt = _world.Timeline.Now + TimeSpan.FromSeconds(settler).Ticks;
                _world.Trace.Add("chain", "stalls", chain, settler);
                PlanStalls();
            }
        );
}
