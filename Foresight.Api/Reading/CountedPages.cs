using Dapper;
using Foresight.Protocol;
using Npgsql;

namespace Foresight.Api.Reading;

internal static class CountedPages
{
    /// <summary>In one round trip.</summary>
    /// <param name="page">
    /// Expects one row more than a page holds, as <see cref="PageParameters.Cut{T}(List{T}, int, Func{T, string})"/>.
    /// </param>
    /// <param name="order">Null: the list's own, whose pages follow each other by cursor.</param>
    public static async Task<CountedPage<TView>> ReadAsync<TRow, TView>(
        NpgsqlConnection connection,
        string count,
        string page,
        object parameters,
        int size,
        ListOrder? order,
        Func<TRow, string> cursor,
        Func<TRow, TView> view,
        CancellationToken cancellationToken
    )
    {
        await using var answer = await connection.QueryMultipleAsync(
            new CommandDefinition($"{count};\n{page}", parameters, cancellationToken: cancellationToken)
        );
        var total = await answer.ReadSingleAsync<long>();
        var (rows, next) = PageParameters.Cut((await answer.ReadAsync<TRow>()).AsList(), size, cursor);
        return new CountedPage<TView>([.. rows.Select(view)], order is null ? next : null, total);
    }
}
