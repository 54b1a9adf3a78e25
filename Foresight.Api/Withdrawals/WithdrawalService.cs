using Foresight.Api.Markets;
using Foresight.Api.Orders;
using Foresight.Api.Problems;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Cluster;
using Foresight.Protocol;

namespace Foresight.Api.Withdrawals;

/// <summary>
/// The leader journals the grant, and only then the holder of settlement co-signs it: the money is gone from what can be traded with before
/// the vault can pay it.
/// </summary>
public sealed class WithdrawalService(
    MarketCatalog markets,
    ChainContracts contracts,
    SignatureCheck signatures,
    LeaderRouter router,
    OrderRefusals refusals,
    WithdrawalReader reader,
    TimeProvider clock
)
{
    /// <summary>Settlement looks five times a second; a caller that does not want to wait longer asks again.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(100);

    /// <summary>Firm money is in one shard (docs/firm-money.md).</summary>
    private const int Shard = 0;

    public async Task<OrderResult<WithdrawalView>> GrantAsync(
        WithdrawalRequest request,
        DateTimeOffset deadline,
        string caller,
        CancellationToken cancellationToken
    )
    {
        if (WithdrawalRules.ReadShape(request, out var asked) is { } shape)
            return shape;
        if (await contracts.FindAsync(cancellationToken) is not { Vault: { } vault })
            return new Problem(ProblemCodes.FirmUnavailable, "This exchange has no vault.");
        var market = asked.MarketId == 0 ? null : await markets.FindAsync(asked.MarketId, cancellationToken);
        if (asked.MarketId != 0 && market is null)
            return UnknownMarket(asked.MarketId);
        var message = VaultAssets.MessageOf(asked.Account, market?.Address, asked.Outcome, asked.Units, asked.Nonce, asked.Deadline);
        var domain = WithdrawalMessage.DomainOf(contracts.ChainId, vault);
        var question = new WalletQuestion(
            asked.Account,
            domain.Digest(message.RequestStructHash()),
            asked.Signature,
            IsCancel: false,
            caller
        );
        var signed = await signatures.CheckAsync(domain, message.RequestStructHash(), question, cancellationToken);
        if (signed.Problem is { } refused)
            return refused;

        var result = await router.SendAsync(
            new GrantWithdrawal(
                asked.Account.ToLowerHex(),
                asked.MarketId,
                asked.Outcome,
                asked.Units,
                asked.Nonce,
                asked.Deadline,
                Hex.Encode(signed.Bytes)
            )
            {
                RequestId = Guid.NewGuid(),
                Deadline = deadline,
                Shard = Shard,
                SignedByContract = signed.ByContract,
            },
            cancellationToken
        );
        if (result.Status != ResultStatus.Accepted)
            return await refusals.OfAsync(result, orderHash: null, Shard, cancellationToken);
        return new OrderResult<WithdrawalView>(await CoSignedAsync(asked, cancellationToken), null, result.CommitLsn);
    }

    private async Task<WithdrawalView> CoSignedAsync(AskedWithdrawal asked, CancellationToken cancellationToken)
    {
        var since = clock.GetTimestamp();
        while (true)
        {
            var view =
                await reader.FindAsync(asked.Account, asked.Nonce, cancellationToken)
                ?? throw new InvalidOperationException("The grant was committed, and is not in its table.");
            if (view.CoSignature is not null || clock.GetElapsedTime(since) >= LongestWait)
                return view;
            await Task.Delay(BetweenLooks, clock, cancellationToken);
        }
    }

    private static Problem UnknownMarket(int id) => new(ProblemCodes.InvalidMarket, $"There is no market {id}.");
}
