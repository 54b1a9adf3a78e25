using System.Numerics;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Signing;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Engine;
using Foresight.Protocol;

namespace Foresight.Bench.Settle;

/// <summary>What makers, the market's roles and the token's issuer can do by transactions between match and settlement.</summary>
internal static class Adversaries
{
    private static readonly TimeSpan Within = TimeSpan.FromMinutes(10);

    /// <summary>The one that ends its markets first: until then every rate that was measured is that of a busy settlement.</summary>
    public static IReadOnlyList<Adversary> All { get; } =
    [
        new("decision", "a winner is announced in both markets", round => ByGuardianAsync(round, MarketContract.Resolve(0)))
        {
            EndsItsMarkets = true,
        },
        new("withdraw-request", "every maker requests all that is in the vault, or moves all that is in the wallet", LeaveAsync)
        {
            UndoAsync = ReturnAsync,
        },
        new("withdraw-cosigned", "every firm maker asks for all, gets what no trade needs co-signed, and is paid", CoSignedAsync)
        {
            UndoAsync = DepositAgainAsync,
        },
        new("transfer", "every maker moves all USDC or shares of the wallet away", MoveAsync) { UndoAsync = MoveBackAsync },
        new("approvals", "every maker revokes both approvals", round => ApproveAsync(round, false))
        {
            UndoAsync = round => ApproveAsync(round, true),
        },
        new("cancel-salt", "every buyer cancels every order on chain", CancelAsync),
        new("signing-key", "every firm account registers another signing key, twice", RegisterKeysAsync),
        new("wallet-turns", "every contract wallet of both crowds accepts no signature any more", TurnAsync)
        {
            UndoAsync = round => round.Stack.Wallets!.TurnBackAsync(),
            OfContractWallets = true,
        },
        new("blocked", "the token's issuer blocks every maker", round => BlockAsync(round, true))
        {
            UndoAsync = round => BlockAsync(round, false),
        },
        new("pause", "both markets are paused", round => ByGuardianAsync(round, ContractArtifact.Market.Encode("pause")))
        {
            UndoAsync = OpenAsync,
            HoldsSoftTrades = true,
        },
        .. Faults.All,
    ];

    /// <summary>Of the money that the maker's side of the trades takes. Soft makers have no other way than to move it.</summary>
    public static async Task LeaveAsync(Round round)
    {
        foreach (var (key, market, isFirm, sells) in round.Makers)
        {
            if (isFirm)
                await round.Acts.SendAsync(key, round.Stack.Vault, VaultContract.RequestWithdrawal(AssetOf(market, sells), Everything));
            else
                await MoveAsync(round, key, market, sells);
        }
    }

    public static async Task ReturnAsync(Round round)
    {
        var acts = new Acts(round.Stack.Stack);
        foreach (var (key, market, isFirm, sells) in round.Makers)
        {
            if (isFirm)
                await acts.SendAsync(key, round.Stack.Vault, VaultContract.CancelWithdrawal(AssetOf(market, sells)));
            else
                await MoveBackAsync(round, acts, key, market, sells);
        }

        await acts.MinedAsync();
    }

    /// <summary>The vault takes what is free if that is less.</summary>
    private static readonly BigInteger Everything = BigInteger.Pow(2, 127);

    private static BigInteger AssetOf(DeployedMarket market, bool sells) =>
        sells ? OutcomeTokenContract.IdOf(market.Address, 0) : VaultContract.Usdc;

    private static async Task MoveAsync(Round round)
    {
        foreach (var (key, market, _, sells) in round.Makers)
            await MoveAsync(round, key, market, sells);
    }

    private static async Task MoveAsync(Round round, PrivateKey key, DeployedMarket market, bool sells)
    {
        var (stack, at, refuge) = (round.Stack.Stack, round.Stack.Stack.Deployment, round.Stack.Refuge.Address);
        if (sells)
        {
            var id = OutcomeTokenContract.IdOf(market.Address, 0);
            var shares = await new OutcomeTokenContract(stack.Chain, at.OutcomeToken).BalanceOfAsync(key.Address, id);
            await round.Acts.SendAsync(key, at.OutcomeToken, OutcomeTokenContract.Transfer(key.Address, refuge, id, shares));
        }
        else
        {
            var usdc = await new UsdcContract(stack.Chain, at.Usdc).BalanceOfAsync(key.Address);
            await round.Acts.SendAsync(key, at.Usdc, UsdcContract.Transfer(refuge, usdc));
        }
    }

    private static async Task MoveBackAsync(Round round)
    {
        var acts = new Acts(round.Stack.Stack);
        foreach (var (key, market, _, sells) in round.Makers)
            await MoveBackAsync(round, acts, key, market, sells);
        await acts.MinedAsync();
    }

    private static async Task MoveBackAsync(Round round, Acts acts, PrivateKey key, DeployedMarket market, bool sells)
    {
        var (at, refuge) = (round.Stack.Stack.Deployment, round.Stack.Refuge);
        if (sells)
            await acts.SendAsync(
                refuge,
                at.OutcomeToken,
                OutcomeTokenContract.Transfer(
                    refuge.Address,
                    key.Address,
                    OutcomeTokenContract.IdOf(market.Address, 0),
                    20_000 * BigInteger.Pow(10, 18)
                )
            );
        else
            await acts.SendAsync(refuge, at.Usdc, UsdcContract.Transfer(key.Address, 100_000 * (BigInteger)1_000_000));
    }

    private static async Task CoSignedAsync(Round round)
    {
        foreach (var (key, market, _, sells) in round.Makers.Where(maker => maker.IsFirm))
        {
            var (marketId, outcome) = sells ? (market.Id, 0) : (0, Command.CollateralOutcome);
            var (owned, held) = await round.Stack.LedgerAsync(key, marketId, outcome, Purse.Vault);
            var withdrawals = new CoSigned(round.Stack, key, sells ? market : null, outcome);
            if (held > 0 && (await withdrawals.AskAsync(owned, Within)).Code is not ProblemCodes.InsufficientBalance)
                round.Wrong.Add("money that trades need was granted to its owner, or not refused for that");
            var granted = await withdrawals.AskAsync(owned - held, Within);
            if (granted.Status != ResultStatus.Accepted)
            {
                round.Wrong.Add($"a withdrawal of free money was answered {granted.Status} {granted.Code}");
                continue;
            }

            var signature = await withdrawals.SignatureAsync();
            await round.Acts.SendAsync(key, round.Stack.Vault, withdrawals.Now(owned - held, signature));
            await round.Acts.SendAsync(key, round.Stack.Vault, withdrawals.Now(owned - held, signature), isAttempt: true);
            await round.Acts.SendAsync(key, round.Stack.Vault, withdrawals.Now(held, signature), isAttempt: true);
        }
    }

    private static async Task DepositAgainAsync(Round round)
    {
        var (at, acts) = (round.Stack.Stack.Deployment, new Acts(round.Stack.Stack));
        foreach (var (key, market, _, sells) in round.Makers.Where(maker => maker.IsFirm))
        {
            if (sells)
                await acts.SendAsync(
                    key,
                    at.OutcomeToken,
                    OutcomeTokenContract.Transfer(
                        key.Address,
                        round.Stack.Vault,
                        OutcomeTokenContract.IdOf(market.Address, 0),
                        20_000 * BigInteger.Pow(10, 18)
                    )
                );
            else
                await acts.SendAsync(key, round.Stack.Vault, VaultContract.Deposit(100_000 * (BigInteger)1_000_000));
        }

        await acts.MinedAsync();
    }

    private static async Task ApproveAsync(Round round, bool isApproved)
    {
        var at = round.Stack.Stack.Deployment;
        var acts = isApproved ? new Acts(round.Stack.Stack) : round.Acts;
        foreach (var (key, _, _, _) in round.Makers)
        {
            await acts.SendAsync(key, at.Usdc, UsdcContract.Approve(at.Factory, isApproved ? Word.MaxUInt256 : 0));
            await acts.SendAsync(key, at.OutcomeToken, OutcomeTokenContract.SetApprovalForAll(at.Factory, isApproved));
        }

        if (isApproved)
            await acts.MinedAsync();
    }

    private static async Task CancelAsync(Round round)
    {
        const long Gas = 60_000;
        var salts = await round.SaltsByBuyerAsync();
        await Task.WhenAll(
            round
                .Makers.Where(maker => !maker.Sells)
                .Select(async maker =>
                {
                    foreach (var salt in salts[maker.Key.Address.ToLowerHex()])
                        await round.Acts.SendAsync(
                            maker.Key,
                            maker.Market.Address,
                            ContractArtifact.Market.Encode("cancelSalt", BigInteger.Parse(salt)),
                            gas: Gas
                        );
                })
        );
    }

    private static async Task RegisterKeysAsync(Round round)
    {
        foreach (var (key, _, _, _) in round.Makers.Where(maker => maker.IsFirm))
        foreach (var next in new[] { round.Stack.Refuge, round.Stack.Guardian })
            await round.Acts.SendAsync(key, round.Stack.Vault, VaultContract.RegisterSigningKey(next.Address));
    }

    private static Task TurnAsync(Round round) => round.Stack.Wallets!.TurnAsync(round);

    private static async Task BlockAsync(Round round, bool isBlocked)
    {
        var acts = isBlocked ? round.Acts : new Acts(round.Stack.Stack);
        foreach (var (key, _, _, _) in round.Makers)
            await acts.SendAsync(
                round.Stack.Guardian,
                round.Stack.Stack.Deployment.Usdc,
                ContractArtifact.MockUsdc.Encode("setBlocked", key.Address, isBlocked)
            );
        if (!isBlocked)
            await acts.MinedAsync();
    }

    private static async Task ByGuardianAsync(Round round, byte[] data)
    {
        foreach (var market in new[] { round.Markets.Firm, round.Markets.Soft })
            await round.Acts.SendAsync(round.Stack.Guardian, market.Address, data);
    }

    private static async Task OpenAsync(Round round)
    {
        var acts = new Acts(round.Stack.Stack);
        foreach (var market in new[] { round.Markets.Firm, round.Markets.Soft })
            await acts.SendAsync(round.Stack.Guardian, market.Address, ContractArtifact.Market.Encode("unpause"));
        await acts.MinedAsync();
        await round.Stack.Stack.UntilAsync(
            "the markets are open again",
            async () =>
                await round.Stack.Stack.ScalarAsync<long>(
                    "SELECT count(*) FROM markets WHERE state = 0 AND market_id = ANY ($1)",
                    (object)new[] { round.Markets.Firm.Id, round.Markets.Soft.Id }
                ) == 2
        );
    }
}
