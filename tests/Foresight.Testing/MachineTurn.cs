using Foresight.AppHost.Programs;

namespace Foresight.Testing;

/// <summary>
/// Two stacks would slow each other down on a small machine, so one runs at a time over all test processes of this user, until its
/// turn is given back. Taken before the model is built, because the app host's program starts what it has built by itself.
/// </summary>
public static class MachineTurn
{
    public static Task<IDisposable> TakeAsync() => ProgramCache.OfThisUser().LockAsync("stack", CancellationToken.None);
}
