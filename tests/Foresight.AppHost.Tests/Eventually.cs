namespace Foresight.AppHost.Tests;

/// <summary>For what has no event to wait for: asks again until it is so, or says what was asked.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    public static async Task TrueAsync(
        Func<Task<bool>> condition,
        TimeSpan? within = null,
        [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(condition))] string? asked = null)
    {
        var deadline = DateTime.UtcNow + (within ?? TimeSpan.FromSeconds(20));
        while (!await condition())
        {
            if (DateTime.UtcNow > deadline)
                throw new Xunit.Sdk.XunitException($"Not so within its time: {asked}");
            await Task.Delay(Pause);
        }
    }
}
