using System.Numerics;
using Foresight.Chain.Contracts;
using Foresight.Chain.Signing;
using Foresight.Matching.Engine;
using Foresight.Matching.Settlement;
using Foresight.Matching.Tests.Firm;
using Foresight.Matching.Tests.Settlement;

namespace Foresight.Matching.Tests.Reconciliation;

/// <summary>
/// Each thing that the reconciler compares of the vault is broken behind the relayer's back: found once, by its key, and gone when it is
/// mended.
/// </summary>
[Collection(VaultChainCollection.Name)]
[Trait("Category", "Firm")]
public sealed class VaultReconciliationTests(ChainFixture fixture)
{
    private const long Usdc = VaultRuns.Usdc;

    private static readonly SettlementOptions Options = new()
    {
        BatchAge = TimeSpan.Zero,
        Confirmations = 2,
        FinalityBlocks = 6,
    };

    /// <param name="Found">Natural key and severity of all that is found.</param>
    private sealed record Injection(string Name, Func<Task> Break, Func<Task> Mend, params string[] Found);

    [Fact]
    public async Task WhatIsBroken_IsFoundOnce_AndGoneWhenItIsMended()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture, Options);
        var (at, live) = (venue.Venue, venue.Live);
        var (eve, bob) = (await venue.AddAsync(usdc: 1_000, shares: 0), await venue.AddAsync(usdc: 0, shares: 100));
        // Shares of one outcome alone, so that the vault has some at the outcome token.
        await live.SendAsync(bob, at.Deployment.OutcomeToken, venue.DepositOfShares(bob, outcome: 0, shares: 50));
        await live.SendAsync(eve, venue.Vault, VaultContract.RequestWithdrawal(VaultContract.Usdc, 100 * Usdc));
        await live.ConfirmAsync();
        // Paid and final: nonce 1. Paid, and not final yet: 2. Open: 3.
        var first = await venue.GrantAsync(eve, 50 * Usdc, nonce: 1);
        var submitter = at.NewSubmitter();
        await at.StepAsync(submitter);
        await venue.PayAsync(eve, first);
        await live.MineAsync(Options.FinalityBlocks + 2);
        var (second, _) = (await venue.GrantAsync(eve, 60 * Usdc, nonce: 2), await venue.GrantAsync(eve, 70 * Usdc, nonce: 3));
        await at.StepAsync(submitter);
        await venue.PayAsync(eve, second);
        await live.MineAsync(Options.Confirmations);
        // A trade that is not settled.
        await venue.PlaceAsync(bob, isBuy: false, ticks: 5_000, lots: 100, PurseChoice.Vault);
        Assert.True(await venue.IsFirmAsync((await venue.PlaceAsync(eve, isBuy: true, 5_000, 100, PurseChoice.Vault)).TradeId));
        var clean = await venue.ReconcileAsync();
        Assert.Empty(clean.Findings);
        Assert.Empty(clean.Ahead);
        Assert.Null(clean.Note);
        Assert.Equal(await venue.FollowedAsync(), clean.Vault!.Totals!.BlockNumber);

        var cursor = await venue.FollowedAsync();
        foreach (var injection in Injections(venue, eve, bob, cursor))
        {
            await injection.Break();
            var found = (await venue.ReconcileAsync()).Findings;
            Assert.Equal(
                (injection.Name, Sorted(injection.Found)),
                (injection.Name, Sorted(found.Select(f => $"{f.NaturalKey} {f.Severity}")))
            );
            Assert.All(found, finding => Assert.True(finding.Amount is null or { Sign: >= 0 }, finding.Summary));
            await venue.ReconcileAsync();
            foreach (var key in found.Select(finding => finding.NaturalKey))
                Assert.Equal(1L, await FoundAsync(at, key));

            await injection.Mend();
            var mended = await venue.ReconcileAsync();
            Assert.True(mended.Findings.Count == 0, $"{injection.Name}: {string.Join("; ", mended.Findings.Select(f => f.Summary))}");
            Assert.Equal(0L, await at.ScalarAsync<long>("SELECT count(*) FROM discrepancies WHERE absent_since IS NULL"));
            // Another injection may have the same key: then it is another discrepancy.
            await at.ExecuteAsync("DELETE FROM discrepancy_audit");
            await at.ExecuteAsync("DELETE FROM discrepancies");
        }
    }

    [Fact]
    public async Task NonceThatServedBefore_IsNoPaymentThatIsMissed()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture, Options);
        var eve = await venue.AddAsync(usdc: 1_000, shares: 0);
        await venue.Live.ConfirmAsync();
        var message = await venue.GrantAsync(eve, 50 * Usdc, nonce: 1);
        await venue.Venue.StepAsync(venue.Venue.NewSubmitter());
        await venue.PayAsync(eve, message);
        await venue.Live.MineAsync(Options.FinalityBlocks + 2);
        Assert.Equal((short)1, await venue.Venue.ScalarAsync<short>("SELECT state FROM withdrawals"));
        await venue.GrantAsync(eve, 50 * Usdc, nonce: 1);
        Assert.Equal((short)0, await venue.Venue.ScalarAsync<short>("SELECT state FROM withdrawals"));
        Assert.Empty((await venue.ReconcileAsync()).Findings);

        // As if the journal had forgotten the earlier grant, a month later.
        await venue.Venue.ExecuteAsync("UPDATE withdrawals SET spent_block = NULL, granted_at = now() + interval '30 days'");
        Assert.Empty((await venue.ReconcileAsync()).Findings);
        // But a payment after the grant is one that was missed.
        await venue.Venue.ExecuteAsync("UPDATE withdrawals SET granted_at = (SELECT created_at FROM deployments)");
        Assert.Equal(
            [$"withdrawal_mismatch:{eve.Account.ToLowerHex()}:1"],
            (await venue.ReconcileAsync()).Findings.Select(finding => finding.NaturalKey)
        );
    }

    private static Injection[] Injections(FirmVenue venue, Wallet eve, Wallet bob, long cursor)
    {
        var (at, live) = (venue.Venue, venue.Live);
        var (e, b) = (eve.Account.ToLowerHex(), bob.Account.ToLowerHex());
        var market = at.MarketAddress.ToLowerHex();
        Task Sql(string sql, params object[] values) => at.ExecuteAsync(sql, values);
        Task Of(Wallet wallet, string sql) => at.ExecuteAsync(sql, wallet.Account.ToBytes());
        const string EvesUsdc = "purse = 1 AND market_id = 0 AND account_id = (SELECT account_id FROM accounts WHERE address = $1)";
        const string Eves = "account_id = (SELECT account_id FROM accounts WHERE address = $1)";
        async Task Move(bool toVault, params int[] outcomes)
        {
            foreach (var outcome in outcomes)
                await venue.AsContractAsync(
                    at.Deployment.Factory,
                    at.Deployment.OutcomeToken,
                    ContractArtifact.OutcomeToken.Encode(
                        "move",
                        toVault ? bob.Account : venue.Vault,
                        toVault ? venue.Vault : bob.Account,
                        OutcomeTokenContract.IdOf(at.MarketAddress, outcome),
                        OrderMessage.AmountPerLot
                    )
                );
            await live.ConfirmAsync();
        }

        async Task AsMarket(string function)
        {
            await venue.AsMarketAsync(ContractArtifact.Vault.Encode(function, eve.Account, BigInteger.Zero, (BigInteger)(100 * Usdc)));
            await live.ConfirmAsync();
        }

        return
        [
            new(
                "the ledger has more than the purse",
                () => Of(eve, $"UPDATE balances SET owned = owned + 5 WHERE {EvesUsdc}"),
                () => Of(eve, $"UPDATE balances SET owned = owned - 5 WHERE {EvesUsdc}"),
                $"balance_mismatch:{e}:USDC in the vault high"
            ),
            new(
                "the ledger does not know a purse",
                async () =>
                {
                    await Sql("CREATE TABLE kept AS SELECT * FROM balances WHERE purse = 1 AND market_id = 1 AND outcome = 1");
                    await Sql("DELETE FROM balances WHERE purse = 1 AND market_id = 1 AND outcome = 1");
                },
                () => Sql("INSERT INTO balances SELECT * FROM kept; DROP TABLE kept"),
                $"balance_mismatch:{b}:1:1 in the vault medium"
            ),
            new(
                "a request is not known",
                async () =>
                {
                    await Sql("CREATE TABLE kept AS SELECT * FROM vault_leaving");
                    await Sql("DELETE FROM vault_leaving");
                },
                () => Sql("INSERT INTO vault_leaving SELECT * FROM kept; DROP TABLE kept"),
                $"withdrawal_mismatch:{e}:USDC:request high"
            ),
            new(
                "a request is believed that is not there",
                () =>
                    Sql(
                        """
                        INSERT INTO vault_leaving (block_number, log_index, address, market_id, outcome, state, units, requested_block,
                            requested_at, ready_block, ready_at, changed_at, tx_hash)
                        VALUES ($2, 1000, $1, 1, 0, 0, 5, $2, now(), 100, now(), now(), decode(repeat('00', 32), 'hex'))
                        """,
                        bob.Account.ToBytes(),
                        cursor
                    ),
                () => Of(bob, "DELETE FROM vault_leaving WHERE address = $1"),
                $"withdrawal_mismatch:{b}:1:0:request medium"
            ),
            new(
                "a request is ready at another block",
                () => Sql("UPDATE vault_leaving SET ready_block = ready_block - 1"),
                () => Sql("UPDATE vault_leaving SET ready_block = ready_block + 1"),
                $"withdrawal_mismatch:{e}:USDC:request medium"
            ),
            new(
                "money is held for a withdrawal that the journal does not have",
                async () =>
                {
                    await Sql("CREATE TABLE kept AS SELECT * FROM withdrawals WHERE nonce = 3");
                    // Postgres makes it of the others.
                    await Sql("ALTER TABLE kept DROP COLUMN stage");
                    await Sql("DELETE FROM withdrawals WHERE nonce = 3");
                },
                () => Sql("INSERT INTO withdrawals SELECT * FROM kept; DROP TABLE kept"),
                $"withdrawal_mismatch:{e}:USDC:hold medium"
            ),
            new(
                "co-signed money can be traded with",
                () => Of(eve, $"UPDATE balances SET trade_hold = trade_hold - 1 WHERE {EvesUsdc}"),
                () => Of(eve, $"UPDATE balances SET trade_hold = trade_hold + 1 WHERE {EvesUsdc}"),
                $"withdrawal_mismatch:{e}:USDC:hold critical"
            ),
            new(
                "a payment is not known",
                () => Of(eve, $"UPDATE withdrawals SET paid_block = NULL, spent_block = NULL WHERE nonce = 2 AND {Eves}"),
                () => Sql("UPDATE withdrawals SET paid_block = $1, spent_block = $1 WHERE nonce = 2", cursor),
                $"withdrawal_mismatch:{e}:2 high",
                $"balance_mismatch:{e}:USDC in the vault high"
            ),
            new(
                "a payment is believed that was not made",
                () => Sql("UPDATE withdrawals SET spent_block = $1 WHERE nonce = 3", cursor),
                () => Sql("UPDATE withdrawals SET spent_block = NULL WHERE nonce = 3"),
                $"withdrawal_mismatch:{e}:3 high"
            ),
            new(
                "what was paid has lapsed",
                () => Sql("UPDATE withdrawals SET state = 2, spent_block = NULL WHERE nonce = 1"),
                () => Sql("UPDATE withdrawals SET state = 1, spent_block = paid_block WHERE nonce = 1"),
                $"withdrawal_mismatch:{e}:1 critical"
            ),
            new(
                "what was not paid is taken out of the ledger",
                () =>
                    Of(
                        eve,
                        """
                        INSERT INTO withdrawals (account_id, nonce, market_id, outcome, units, deadline, shard, sequence, epoch, granted_at,
                            state)
                        SELECT account_id, 9, 0, 255, 5, now() + interval '5 minutes', 0, 1, 1, now(), 1 FROM accounts WHERE address = $1
                        """
                    ),
                () => Sql("DELETE FROM withdrawals WHERE nonce = 9"),
                $"withdrawal_mismatch:{e}:9 critical"
            ),
            new(
                "a withdrawal is held long after its deadline",
                () =>
                    Of(
                        bob,
                        """
                        INSERT INTO withdrawals (account_id, nonce, market_id, outcome, units, deadline, shard, sequence, epoch, granted_at)
                        SELECT account_id, 9, 0, 255, 5, now() - interval '3 hours', 0, 1, 1, now() FROM accounts WHERE address = $1
                        """
                    ),
                () => Sql("DELETE FROM withdrawals WHERE nonce = 9"),
                $"withdrawal_mismatch:{b}:9 medium",
                $"withdrawal_mismatch:{b}:USDC:hold critical"
            ),
            // From here on blocks are mined, and what was paid becomes final.
            new(
                "money leaves a purse without an event",
                () => AsMarket("draw"),
                () => AsMarket("pay"),
                $"balance_mismatch:{e}:USDC in the vault high"
            ),
            new(
                "USDC is missing",
                async () =>
                {
                    await venue.AsContractAsync(venue.Vault, at.Deployment.Usdc, UsdcContract.Transfer(bob.Account, 1));
                    await live.ConfirmAsync();
                },
                async () =>
                {
                    await live.SendAsync(bob, at.Deployment.Usdc, UsdcContract.Transfer(venue.Vault, 1));
                    await live.ConfirmAsync();
                },
                "vault_mismatch:USDC critical"
            ),
            new("shares are missing", () => Move(toVault: false, 0), () => Move(toVault: true, 0), $"vault_mismatch:{market}:0 critical"),
            new(
                "shares of no purse make a set",
                () => Move(toVault: true, 1),
                () => Move(toVault: false, 1),
                $"vault_mismatch:{market}:1 high",
                $"vault_mismatch:{market}:sets medium"
            ),
        ];
    }

    private static string Sorted(IEnumerable<string> keys) => string.Join('\n', keys.Order(StringComparer.Ordinal));

    private static Task<long> FoundAsync(Venue at, string key) =>
        at.ScalarAsync<long>(
            """
            SELECT count(*) FROM discrepancy_audit JOIN discrepancies USING (discrepancy_id)
            WHERE natural_key = $1 AND action = 'found'
            """,
            key
        );
}
