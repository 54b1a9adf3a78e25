using Foresight.Protocol;

namespace Foresight.Console.Database;

public static class ServerRules
{
    /// <summary>The Api asks every second; one question in vain may be a lost packet.</summary>
    public const int QuestionsInVain = 2;

    public static bool Answers(ServerView server) => server.Healthy && server.ConsecutiveFailures < QuestionsInVain;
}
