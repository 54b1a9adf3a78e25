using Dapper;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Postgres;

namespace Foresight.Api.Withdrawals;

/// <summary>Reads the primary, because the co-signature is looked for soon after it was asked for.</summary>
public sealed class WithdrawalReader(Database database)
{
    public Task<WithdrawalView?> FindAsync(Address account, ulong nonce, CancellationToken cancellationToken) =>
        database.ReadPrimaryAsync(
            "withdrawal",
            async (connection, cancellationToken) =>
                (
                    await connection.QuerySingleOrDefaultAsync<Row>(
                        new CommandDefinition(
                            $"""
                            SELECT w.nonce, w.market_id, w.outcome, w.units, extract(epoch FROM w.deadline)::bigint AS deadline,
                                w.granted_at, {WithdrawalLists.CoSignedState} AS state, w.co_signature, w.paid_block, m.address AS market
                            FROM withdrawals w JOIN accounts a USING (account_id) LEFT JOIN markets m USING (market_id)
                            WHERE a.address = @account AND w.nonce = @nonce
                            """,
                            new { account = account.ToBytes(), nonce = unchecked((long)nonce) },
                            cancellationToken: cancellationToken
                        )
                    )
                )?.View(account),
            cancellationToken
        );

    private sealed class Row
    {
        public long Nonce { get; init; }
        public int MarketId { get; init; }
        public short Outcome { get; init; }
        public long Units { get; init; }
        public long Deadline { get; init; }
        public DateTime GrantedAt { get; init; }
        public string State { get; init; } = "";
        public byte[]? CoSignature { get; init; }
        public long? PaidBlock { get; init; }
        public byte[]? Market { get; init; }

        public WithdrawalView View(Address account)
        {
            var message = VaultAssets.MessageOf(
                account,
                Market is { } market ? new Address(market) : null,
                Outcome,
                Units,
                unchecked((ulong)Nonce),
                Deadline
            );
            return new WithdrawalView(
                account.ToString(),
                WithdrawalRules.NameOf(MarketId, Outcome),
                WithdrawalRules.AmountOf(Outcome, Units),
                $"{unchecked((ulong)Nonce)}",
                Deadline,
                State,
                message.Asset.ToString(),
                message.Amount.ToString(),
                CoSignature is { } signature ? Hex.Encode(signature) : null,
                GrantedAt,
                PaidBlock
            );
        }
    }
}
