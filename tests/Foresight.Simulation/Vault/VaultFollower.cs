using Foresight.Protocol;
using Foresight.Simulation.Clients;

namespace Foresight.Simulation.Vault;

/// <summary>
/// What the production's follower reports of the vault, in its order: settled trades, the ends of withdrawals, the free parts of purses,
/// and then the terms that vouch for them. It is cut off now and then.
/// </summary>
internal sealed class VaultFollower : Caller
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);

    /// <summary>What the ledger has, as far as it is known.</summary>
    private readonly Dictionary<Asset, long> _reported = [];
    private readonly HashSet<long> _closed = [];
    private readonly HashSet<(string, ulong)> _ended = [];

    public VaultFollower(World world)
        : base(world, "vault-follower")
    {
        Run(() => _ = FollowAsync());
    }

    public bool Stopped { get; set; }

    private bool IsOver => Stopped || World.Chain.IsOver;

    private async Task FollowAsync()
    {
        while (!IsOver)
        {
            if (World.Chain.Confirmed.Number > 0)
                await StepAsync(World.Chain.Confirmed, World.Chain.Head);
            await Task.Delay(Dice.Between(TimeSpan.FromMilliseconds(300), TimeSpan.FromSeconds(2)), Clock);
            if (Dice.Chance(0.05))
                await Task.Delay(Dice.Between(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(15)), Clock);
        }
    }

    /// <summary>What the leader refuses as failed ends the step, and the next one sends what is left: no terms come before it.</summary>
    private async Task StepAsync(Block confirmed, Block head)
    {
        if (World.Mutant.TermsComeFirst)
            await SendTermsAsync(confirmed, head);
        foreach (var (trade, block) in confirmed.Settled.Where(one => !_closed.Contains(one.Key)).ToList())
            if (!await CloseAsync(trade, block, isSettled: true))
                return;
        foreach (var (trade, block) in confirmed.Failed.Where(one => !_closed.Contains(one.Key)).ToList())
            if (!await CloseAsync(trade, block, isSettled: false))
                return;
        if (!await EndWithdrawalsAsync(head))
            return;
        foreach (var asset in confirmed.Assets.ToList())
            if (!await ObserveAsync(asset, confirmed, head))
                return;
        if (!World.Mutant.TermsComeFirst)
            await SendTermsAsync(confirmed, head);
    }

    private async Task<bool> CloseAsync(long trade, long block, bool isSettled)
    {
        var legs = World.Chain.TradeOf(new(trade))!;
        LeaderCommand command =
            isSettled && !World.Mutant.IsBust(legs)
                ? new SettleTrade(trade, block) { RequestId = Follower.SettleId(trade) }
                : new BustTrade(trade, block, Reason: null) { RequestId = Follower.BustId(trade) };
        if (!await TellAsync(command))
            return false;
        _closed.Add(trade);
        foreach (var leg in legs.Legs)
        {
            ForgetPaid(leg.Of);
            _reported.Remove(leg.Into);
        }

        return true;
    }

    private async Task<bool> EndWithdrawalsAsync(Block head)
    {
        var final = World.Mutant.FinalBlock(head);
        foreach (var (key, block) in head.Paid.Where(one => one.Value <= final && !_ended.Contains(one.Key)).ToList())
        {
            if (!World.Chain.Granted.TryGetValue(key, out var grant))
                continue;
            if (!await TellAsync(new EndWithdrawal(key.Account, key.Nonce, Block: 0) { RequestId = Dice.NextGuid() }))
                return false;
            _ended.Add(key);
            ForgetPaid(grant.Of);
        }

        return true;
    }

    private async Task<bool> ObserveAsync(Asset asset, Block confirmed, Block head)
    {
        var taken = head
            .Settled.Keys.Where(trade => !_closed.Contains(trade))
            .SelectMany(trade => World.Chain.TradeOf(new(trade))!.Legs)
            .Where(leg => leg.Of == asset)
            .Sum(leg => leg.Pays);
        var units = World.Mutant.Observed(
            confirmed[asset].Free + Held(confirmed, asset),
            head[asset].Free + Held(head, asset) + taken,
            confirmed[asset]
        );
        if (_reported.TryGetValue(asset, out var known) && known == units)
            return true;
        var observed = new ObserveBalance(asset.Account, asset.Market, asset.Outcome, units, confirmed.Number)
        {
            OfVault = true,
            RequestId = Dice.NextGuid(),
        };
        if (!await TellAsync(observed))
            return false;
        _reported[asset] = units;
        return true;
    }

    /// <summary>
    /// The ledger has less now than was reported, also where the chain paid of what was leaving, so it is observed again.
    /// </summary>
    private void ForgetPaid(Asset asset)
    {
        if (World.Mutant.ObservesAgain(_reported.GetValueOrDefault(asset)))
            _reported.Remove(asset);
    }

    /// <summary>What the engine holds still of co-signed money that a block has paid.</summary>
    private long Held(Block block, Asset asset) =>
        block
            .Paid.Keys.Where(key => !_ended.Contains(key))
            .Select(key => World.Chain.Granted.GetValueOrDefault(key))
            .Where(grant => grant?.Of == asset)
            .Sum(grant => grant!.Units);

    private Task<bool> SendTermsAsync(Block confirmed, Block head)
    {
        var (id, until) = (Dice.NextGuid(), World.Mutant.FirmUntil(confirmed, head));
        World.Chain.Vouched.Add(id, confirmed);
        return TellAsync(new SetFirmTerms(until, World.Mutant.FirmTrades, World.Mutant.FirmLeft(until, head)) { RequestId = id });
    }

    private async Task<bool> TellAsync(LeaderCommand command)
    {
        while (!IsOver)
        {
            var result = await SendAsync(command, Patience);
            if (result.Status is ResultStatus.Accepted or ResultStatus.Rejected or ResultStatus.Duplicate)
                return result.Code != ProblemCodes.CommandFailed;
        }

        return false;
    }
}
