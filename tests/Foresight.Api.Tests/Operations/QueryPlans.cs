using Dapper;
using Foresight.Api.Tests.Stack;

namespace Foresight.Api.Tests.Operations;

internal static class QueryPlans
{
    /// <summary>
    /// The tests' tables are small, so Postgres would read them whole. Told to avoid that, it still does where no index serves.
    /// </summary>
    public static async Task AssertIndexedAsync(this ApiStack stack, string sql, object parameters)
    {
        await using var connection = await stack.Primary.OpenConnectionAsync();
        await connection.ExecuteAsync("SET enable_seqscan = off");
        var plan = string.Join('\n', await connection.QueryAsync<string>($"EXPLAIN (COSTS off) {sql}", parameters));
        await connection.ExecuteAsync("RESET enable_seqscan");
        Assert.DoesNotContain("Seq Scan", plan, StringComparison.Ordinal);
        Assert.Contains("Index", plan, StringComparison.Ordinal);
    }
}
