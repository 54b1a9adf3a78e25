using Foresight.Matching.Engine;
using Foresight.Matching.Journal;
using Foresight.Matching.Sequencing;
using Foresight.Protocol;
using Foresight.Simulation.Checks;

namespace Foresight.Simulation.Vault;

/// <summary>
/// The rules of docs/firm-money.md that the journal must keep, compared with the chain itself. That a firm trade settles is checked where
/// it does, in <see cref="SimulatedChain"/>.
/// </summary>
internal sealed class VaultChecks(World world, Oracle oracle)
{
    private readonly HashSet<long> _firm = [];
    private long _untilSeconds;
    private long _trades;

    public void Committed(JournalBatch rows)
    {
        foreach (var row in rows.Commands)
            if (row.Result.Status == ResultStatus.Accepted)
                Check(row.Command, row.RequestId);
        foreach (var trade in rows.Trades.Where(trade => trade.Firm))
            CheckMatched(trade, rows.AcceptedAt);
        foreach (var balance in rows.Balances.Where(balance => balance.Purse == Purse.Vault))
            if (balance.Holding is { OrderHold: > 0, Available: < 0 })
                throw world.Violated(
                    "no order is on money that leaves",
                    $"account {balance.Account.Value} has {balance.Holding} of {balance.Market.Value}/{balance.Outcome} in the vault"
                );
    }

    /// <summary>What the journal has lost is matched again, or not at all.</summary>
    public void Rebuild(IEnumerable<TradeId> left) => _firm.IntersectWith(left.Select(trade => trade.Value));

    private void Check(in Command command, Guid request)
    {
        var chain = world.Chain;
        if (chain.IsOver)
            return;
        switch (command.Kind)
        {
            case CommandKind.ObserveBalance when command.Purse == PurseChoice.Vault:
                var asset = AssetOf(command);
                if (command.Units > Most(chain.At(command.Block), asset))
                    throw world.Violated("what leaves is not free", $"{asset} is observed with {command.Units} at block {command.Block}");
                break;
            case CommandKind.GrantWithdrawal:
                var grant = new Grant(AssetOf(command), command.SaltTag, command.Units, command.ExpiresAtSeconds);
                chain.Granted[(grant.Of.Account, grant.Nonce)] = grant;
                break;
            case CommandKind.PayWithdrawal:
                var paid = (AccountOf(command.Account), command.SaltTag);
                if (!chain.Final.Paid.ContainsKey(paid))
                    throw world.Violated("co-signed money is held to its end", $"{paid} counts as paid, and no final block has paid it");
                chain.Granted.Remove(paid);
                break;
            case CommandKind.LapseWithdrawal:
                throw world.Violated("co-signed money is held to its end", $"nonce {command.SaltTag} lapses before its deadline");
            case CommandKind.SetFirmTerms:
                CheckTerms(command.ExpiresAtSeconds, request);
                (_untilSeconds, _trades) = (command.ExpiresAtSeconds, command.Quantity.Lots);
                break;
            case CommandKind.SettleTrade:
                _firm.Remove(command.Trade.Value);
                break;
            case CommandKind.BustTrade when _firm.Contains(command.Trade.Value):
                throw world.Violated("a firm trade settles", $"trade {command.Trade.Value} is bust");
        }
    }

    /// <summary>Terms vouch for the facts of a confirmed block, so these must be in the journal.</summary>
    private void CheckTerms(long until, Guid request)
    {
        var chain = world.Chain;
        // The leader's own end of terms.
        if (!chain.Vouched.TryGetValue(request, out var of) && until == 0)
            return;
        if (of is null || until > of.Time + SimulatedChain.Quarter || of.Number > chain.Confirmed.Number)
            throw world.Violated("facts are younger than a quarter of the delay", $"firm orders are taken until {until}");
        oracle.RequireNoPurseBelowZero();
        foreach (var asset in of.Assets)
        {
            var account = world.Postgres.Tables.Accounts.Find(one => one.Address.ToLowerHex() == asset.Account).Id;
            var holding = oracle.OfVault(account, asset.Market, asset.Outcome);
            if (holding.Owned > Most(of, asset))
                throw world.Violated(
                    "terms come after the facts",
                    $"{asset} has {holding.Owned} in the engine and {Most(of, asset)} in block {of.Number}"
                );
        }
    }

    private void CheckMatched(TradeRow trade, DateTime acceptedAt)
    {
        _firm.Add(trade.Id.Value);
        if (world.Chain.IsOver)
            return;
        var seconds = (long)(acceptedAt - DateTime.UnixEpoch).TotalSeconds;
        if (seconds > _untilSeconds)
            throw world.Violated(
                "facts are younger than a quarter of the delay",
                $"firm trade {trade.Id.Value} is matched at {seconds}, and terms end at {_untilSeconds}"
            );
        if (_firm.Count > _trades)
            throw world.Violated("no more firm trades than settlement can do", $"{_firm.Count} wait, and {_trades} may");
    }

    /// <summary>What is free in a block, and what the engine holds of it for co-signatures that were used.</summary>
    private long Most(Block block, Asset asset) =>
        block[asset].Free
        + block
            .Paid.Keys.Select(key => world.Chain.Granted.GetValueOrDefault(key))
            .Where(grant => grant?.Of == asset)
            .Sum(grant => grant!.Units);

    private Asset AssetOf(in Command command) =>
        new(AccountOf(command.Account), command.Outcome == Command.CollateralOutcome ? 0 : command.Market.Value, command.Outcome);

    private string AccountOf(AccountId account) => world.Postgres.Tables.Accounts.Find(one => one.Id == account).Address.ToLowerHex();
}
