using System.Net.Http.Json;
using Foresight.Protocol;

namespace Foresight.Api.Tests.Stack;

internal static class Reads
{
    /// <summary>A replica may lag behind what the test has written, so the read names that position, as a client's would.</summary>
    public static async Task<T> ReadAsync<T>(this ApiStack stack, string path, bool asOperator = false)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add(ApiHeaders.Lsn, await stack.ScalarAsync<string>("SELECT pg_current_wal_lsn()::text"));
        using var answer = (await (asOperator ? stack.Admin : stack.Http).SendAsync(request)).EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync<T>())!;
    }
}
