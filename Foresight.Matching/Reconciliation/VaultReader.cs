using System.Numerics;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Matching.ChainReading;

namespace Foresight.Matching.Reconciliation;

/// <summary>
/// Reads the vault with what anybody can read (docs/solvency.md): who has had money in it by its events, and purses, holdings and sets at
/// one block. Throws if any read fails.
/// </summary>
public sealed class VaultReader(Deployment deployment, EthereumClient client, VaultStore store)
{
    /// <summary>
    /// Accounts times assets: with more a run would take minutes, so it reads only the purses that the journal knows, and no totals.
    /// </summary>
    public const int MostPurses = 1_000_000;

    /// <summary>Each costs a search of the logs since the deployment.</summary>
    private const int MostLookUps = 200;

    private const int BlocksPerRead = 1_000;
    private const int AssetsPerCall = 100;

    private static readonly Hash32[] ScanTopics = [VaultContract.Deposited.Topic, MarketFactoryContract.MarketCreated.Topic];

    private readonly DeployedVault _deployed = deployment.Vault ?? throw new ArgumentException("The deployment has no vault.");
    private readonly VaultContract _vault = new(client, deployment.Vault!.Address);
    private readonly ChainReader _reader = new(client);

    /// <summary>
    /// A purse begins with a deposit, and trades pay only into purses that have paid, so the deposits name every account.
    /// </summary>
    /// <param name="to">Of the followed blocks.</param>
    public async Task<VaultScan> ScanAsync(BlockMark to, CancellationToken cancellationToken)
    {
        var known = await store.ReadScanAsync(cancellationToken);
        // A cursor on a block that was undone would make every later run fail, so the events are read from the beginning.
        var isCanonical =
            known is not null
            && known.To.Number <= to.Number
            && (await client.GetBlockAsync(known.To.Number, cancellationToken))?.Hash == known.To.Hash;
        var accounts = isCanonical ? known!.Accounts.ToDictionary() : [];
        var markets = isCanonical ? known!.Markets.ToDictionary() : [];
        var before = isCanonical ? known!.To : (BlockMark?)null;
        var from = before is { } mark ? mark.Number + 1 : deployment.DeployedBlock;
        foreach (var range in RangeRules.Split(from, to.Number, BlocksPerRead))
        {
            var read = await _reader.ReadAsync(
                range.FromBlock,
                range.ToBlock,
                before,
                [_deployed.Address, deployment.Factory],
                ScanTopics,
                cancellationToken
            );
            foreach (var log in read.Logs)
            {
                if (log.Address == _deployed.Address && VaultContract.Deposited.Matches(log))
                    accounts.TryAdd(VaultContract.Deposited.Decode(log).Address("account"), log.BlockNumber);
                else if (log.Address == deployment.Factory && MarketFactoryContract.MarketCreated.Matches(log))
                {
                    var created = MarketFactoryContract.MarketCreated.Decode(log);
                    markets.TryAdd(created.Address("market"), ((int)created.Integer("outcomes"), log.BlockNumber));
                }
            }

            before = read.Last;
        }

        return before is { } last && last != to
            ? throw new InconsistentChainException($"Block {to.Number} was undone while the vault was read.")
            : new VaultScan(to, accounts, markets);
    }

    public async Task<VaultChain> ReadAsync(VaultScan scan, VaultJournal journal, CancellationToken cancellationToken)
    {
        var block = BlockRef.Hash(scan.To.Hash);
        var markets = await ReadMarketsAsync(scan, block, cancellationToken);
        var assets = markets
            .SelectMany(m => m.Held.Select((_, k) => OutcomeTokenContract.IdOf(m.Address, k)))
            .Prepend(VaultContract.Usdc)
            .ToList();
        var isWhole = (long)scan.Accounts.Count * assets.Count <= MostPurses;
        var purses = new Dictionary<(Address, BigInteger), ChainPurse>();
        if (isWhole)
            await ReadPursesAsync([.. scan.Accounts.Keys], assets, block, purses, cancellationToken);
        // What only the journal knows of is read as well: it may be wrong about who has money.
        foreach (
            var group in journal
                .Ledger.Select(l => l.Asset)
                .Concat(journal.Requests.Keys)
                .Distinct()
                .Where(asset => !isWhole || !scan.Accounts.ContainsKey(asset.Account))
                .GroupBy(IdOf)
        )
            await ReadPursesAsync([.. group.Select(asset => asset.Account)], [group.Key], block, purses, cancellationToken);
        await ReadTimesAsync(purses, block, cancellationToken);
        var usdc = new UsdcContract(client, deployment.Usdc);
        var held = await usdc.BalanceOfAsync(_deployed.Address, block, cancellationToken);
        return new VaultChain(purses, held, markets, scan.Accounts.Count, isWhole);
    }

    public async Task<IReadOnlyList<ComparedWithdrawal>> ReadWithdrawalsAsync(VaultJournal journal, CancellationToken cancellationToken)
    {
        var asked = journal.Withdrawals;
        var spent = await _vault.AreNoncesSpentAsync(
            [.. asked.Select(one => (one.Withdrawal.Asset.Account, one.Withdrawal.Nonce))],
            BlockRef.Hash(journal.Block.Hash),
            cancellationToken
        );
        var (compared, lookUps) = (new List<ComparedWithdrawal>(), 0);
        for (var i = 0; i < asked.Count; i++)
        {
            var (withdrawal, grantedAt) = asked[i];
            // An account may ask again with a nonce that served it long ago: the vault refuses it, and nothing is wrong.
            var isEarlier =
                spent[i]
                && !withdrawal.IsSpent
                && lookUps++ < MostLookUps
                && await WasSpentBeforeAsync(withdrawal, grantedAt, journal.Block.Number, cancellationToken);
            compared.Add(new ComparedWithdrawal(withdrawal, spent[i] && !isEarlier));
        }

        return compared;
    }

    private async Task<bool> WasSpentBeforeAsync(
        JournalWithdrawal withdrawal,
        long grantedAt,
        long toBlock,
        CancellationToken cancellationToken
    )
    {
        var filter = new LogFilter
        {
            FromBlock = deployment.DeployedBlock,
            ToBlock = toBlock,
            Addresses = [_deployed.Address],
            Topics =
            [
                [VaultContract.CoSignatureSpent.Topic],
                [new Hash32(Word.ToBytes(new BigInteger(withdrawal.Asset.Account.ToBytes(), isUnsigned: true, isBigEndian: true)))],
                [new Hash32(Word.ToBytes(withdrawal.Nonce))],
            ],
        };
        return (await client.GetLogsAsync(filter, cancellationToken)) is [var log]
            && await client.GetBlockAsync(log.BlockNumber, cancellationToken) is { } header
            && header.Timestamp < grantedAt;
    }

    private async Task<IReadOnlyList<VaultMarket>> ReadMarketsAsync(VaultScan scan, BlockRef block, CancellationToken cancellationToken)
    {
        var markets = scan.Markets.OrderBy(m => m.Value.Block).ThenBy(m => m.Key.ToLowerHex(), StringComparer.Ordinal).ToList();
        var calls = new List<CallRequest>();
        foreach (var (market, (outcomes, _)) in markets)
        {
            calls.Add(new CallRequest(market, MarketContract.StateFunction.Encode()));
            calls.Add(new CallRequest(_deployed.Address, VaultContract.SetsOfFunction.Encode(market)));
            for (var k = 0; k < outcomes; k++)
                calls.Add(
                    new CallRequest(
                        deployment.OutcomeToken,
                        OutcomeTokenContract.BalanceOfFunction.Encode(_deployed.Address, OutcomeTokenContract.IdOf(market, k))
                    )
                );
        }

        var answers = calls.Count == 0 ? [] : await client.CallManyAsync(calls, block, cancellationToken);
        var read = new List<VaultMarket>();
        var next = 0;
        foreach (var (market, (outcomes, _)) in markets)
        {
            var isOpen = ((BigInteger)MarketContract.StateFunction.DecodeOutput(answers[next++].Required())[0]).IsZero;
            var sets = (BigInteger)VaultContract.SetsOfFunction.DecodeOutput(answers[next++].Required())[0];
            var held = new BigInteger[outcomes];
            for (var k = 0; k < outcomes; k++)
                held[k] = (BigInteger)OutcomeTokenContract.BalanceOfFunction.DecodeOutput(answers[next++].Required())[0];
            read.Add(new VaultMarket(market, deployment.Find(market)?.Id, isOpen, sets, held));
        }

        return read;
    }

    private async Task ReadPursesAsync(
        IReadOnlyList<Address> accounts,
        IReadOnlyList<BigInteger> assets,
        BlockRef block,
        Dictionary<(Address, BigInteger), ChainPurse> purses,
        CancellationToken cancellationToken
    )
    {
        foreach (var part in assets.Chunk(AssetsPerCall))
        {
            var amounts = await _vault.AmountsAsync(accounts, part, block, cancellationToken);
            for (var i = 0; i < amounts.Count; i++)
            {
                if (amounts[i].Free + amounts[i].Leaving > 0)
                    purses[(accounts[i / part.Length], part[i % part.Length])] = new ChainPurse(amounts[i].Free, amounts[i].Leaving);
            }
        }
    }

    private async Task ReadTimesAsync(
        Dictionary<(Address Account, BigInteger Asset), ChainPurse> purses,
        BlockRef block,
        CancellationToken cancellationToken
    )
    {
        var leaving = purses.Where(purse => purse.Value.Leaving > 0).Select(purse => purse.Key).ToList();
        var read = await _vault.PursesAsync(leaving, block, cancellationToken);
        foreach (var (key, purse) in leaving.Zip(read))
            purses[key] = new ChainPurse(purse.Free, purse.Leaving, purse.ReadyBlock, purse.ReadyTime);
    }

    private BigInteger IdOf(AssetKey asset) => VaultRules.IdOf(deployment, asset);
}
