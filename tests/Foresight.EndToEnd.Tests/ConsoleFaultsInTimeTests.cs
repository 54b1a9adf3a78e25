using Foresight.EndToEnd.Tests.Stack;
using Xunit.Abstractions;

namespace Foresight.EndToEnd.Tests;

/// <summary>
/// The same faults, each named within five seconds. Judged on request only, because on a machine that does other work the time is not the
/// product's.
/// </summary>
[Trait("Category", "Console")]
[Trait("Category", "Soak")]
[Collection(ConsoleCollection.Name)]
public sealed class ConsoleFaultsInTimeTests(ConsoleFixture stack, ITestOutputHelper output) : ConsoleFaultTests(stack, output)
{
    protected override TimeSpan Named => TimeSpan.FromSeconds(5);
}
