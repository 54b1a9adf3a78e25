using System.Security.Cryptography;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Matching.ChainReading;
using Foresight.Protocol;

namespace Foresight.Bench.Settle;

/// <summary>Withdrawals of one asset of an account, as <c>POST /withdrawals</c> hands them to the leader.</summary>
/// <param name="market">Null: USDC.</param>
internal sealed class CoSigned(FirmStack stack, PrivateKey account, DeployedMarket? market, int outcome)
{
    private ulong _nonce;
    private long _deadline;

    public async Task<CommandResult> AskAsync(long units, TimeSpan within)
    {
        _nonce = BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(sizeof(uint)));
        // By the chain's clock, which a reorganisation may have put ahead.
        _deadline = (await stack.Stack.Chain.GetBlockAsync(BlockRef.Latest))!.Timestamp + (long)within.TotalSeconds;
        var domain = WithdrawalMessage.DomainOf(stack.Stack.Deployment.ChainId, stack.Vault);
        return await stack.Stack.Router.SendAsync(
            new GrantWithdrawal(
                account.Address.ToLowerHex(),
                market?.Id ?? 0,
                outcome,
                units,
                _nonce,
                _deadline,
                Hex.Encode(account.Sign(domain.Digest(MessageOf(units).RequestStructHash())))
            )
            {
                RequestId = Guid.NewGuid(),
                Deadline = DateTimeOffset.UtcNow.AddMinutes(1),
            }
        );
    }

    /// <summary>Of the last withdrawal that was granted.</summary>
    public async Task<byte[]> SignatureAsync()
    {
        var signature = Array.Empty<byte>();
        await stack.Stack.UntilAsync(
            "the withdrawal is co-signed",
            async () =>
                (
                    signature = await stack.Stack.ScalarAsync<byte[]>(
                        """
                        SELECT coalesce(co_signature, '') FROM withdrawals JOIN accounts USING (account_id)
                        WHERE address = $1 AND nonce = $2
                        """,
                        account.Address.ToBytes(),
                        (long)_nonce
                    )
                ).Length > 0
        );
        return signature;
    }

    public byte[] Now(long units, byte[] signature) => VaultContract.WithdrawNow(MessageOf(units), account.Address, signature);

    private WithdrawalMessage MessageOf(long units) =>
        VaultAssets.MessageOf(account.Address, market?.Address, outcome, units, _nonce, _deadline);
}
