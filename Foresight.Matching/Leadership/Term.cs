using Foresight.Protocol;
using Npgsql;
using NpgsqlTypes;

namespace Foresight.Matching.Leadership;

/// <summary>
/// Every writer passes its term to Postgres, which compares it with the row, because a leader cannot know that it has been replaced: see
/// <see cref="Fence"/>.
/// </summary>
/// <param name="Epoch">One more than that of the previous term.</param>
/// <param name="Token">Random and used once: an epoch alone could repeat after a restore of an older database.</param>
public sealed record Term(string Resource, long Epoch, Guid Token, string NodeId)
{
    /// <summary>Facts of the chain carry it, because a leader believes them only of the term's holder.</summary>
    public TermClaim Claim => new(Resource, Epoch, Token);
}

/// <summary>
/// The connection broke, or no answer to a fenced commit came in time. Only the next term, which ends the old sessions first, can read the
/// outcome.
/// </summary>
internal sealed class InDoubtException(Exception cause) : Exception($"The outcome of a commit is unknown: {cause.Message}", cause);

/// <summary>
/// The first statement of EVERY transaction that changes state. It locks the leadership row FOR KEY SHARE, so a take-over either waits for
/// the transaction or makes it fail; at no moment can two terms write.
/// </summary>
public static class Fence
{
    /// <summary>SQLSTATE that the fence raises when the term has ended. No error of Postgres itself is of class FS.</summary>
    public const string TermEnded = "FS001";

    public static NpgsqlBatchCommand Assert(Term term) =>
        new("SELECT assert_term($1, $2, $3)")
        {
            Parameters =
            {
                new NpgsqlParameter<string> { TypedValue = term.Resource, NpgsqlDbType = NpgsqlDbType.Text },
                new NpgsqlParameter<long> { TypedValue = term.Epoch, NpgsqlDbType = NpgsqlDbType.Bigint },
                new NpgsqlParameter<Guid> { TypedValue = term.Token, NpgsqlDbType = NpgsqlDbType.Uuid },
            },
        };

    public static NpgsqlBatchCommand Assert(Term term, int shard, long sequence)
    {
        var command = Assert(term);
        command.CommandText = "SELECT assert_term($1, $2, $3), assert_position($4, $5)";
        command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = (short)shard, NpgsqlDbType = NpgsqlDbType.Smallint });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = sequence, NpgsqlDbType = NpgsqlDbType.Bigint });
        return command;
    }

    /// <summary>True if the fence refused the transaction: the writer no longer leads and must stop.</summary>
    public static bool Refused(Exception error) => error is PostgresException { SqlState: TermEnded };
}
