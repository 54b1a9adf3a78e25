namespace Foresight.Console.Acts;

public sealed record WaitingDecision(string Action, string By, string Key, DateTimeOffset At);
