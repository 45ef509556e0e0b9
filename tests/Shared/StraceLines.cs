using System.Text.RegularExpressions;

namespace SyscallExplorer;

/// <summary>
/// What remains of strace's text when everything is taken out that differs from run to run: who was interrupted by whom, addresses, numbers of
/// tasks, users, and the time that was used.
/// </summary>
internal static partial class StraceLines
{
    /// <summary>Calls with which C libraries start a program or a thread, and which depend on the kernel.</summary>
    private static readonly string[] s_startUp = ["rseq", "set_robust_list", "prlimit64", "ugetrlimit"];

    /// <summary>A call that programs make before and after what is to be compared.</summary>
    private const string Marker = "getppid()";

    /// <summary>The lines of each task, in the order in which the tasks appear.</summary>
    /// <param name="log">What <c>strace -f -o FILE</c> writes.</param>
    /// <param name="betweenMarkers">Only what the first task does between its first and its last getppid, and what other tasks do.</param>
    internal static IReadOnlyList<IReadOnlyList<string>> ByTask(string log, bool betweenMarkers)
    {
        var tasks = new Dictionary<string, List<string>>();
        var order = new List<string>();
        var open = new Dictionary<string, string>();
        foreach (string line in log.Split('\n'))
        {
            if (Prefixed().Match(line) is not { Success: true } match)
                continue;
            string task = match.Groups["task"].Value, text = match.Groups["text"].Value;
            if (!tasks.TryGetValue(task, out List<string>? lines))
            {
                tasks.Add(task, lines = []);
                order.Add(task);
            }

            if (Resumed().Match(text) is { Success: true } resumed)
                text = open.GetValueOrDefault(task, "") + resumed.Groups["rest"].Value;
            if (Unfinished().Match(text) is { Success: true } unfinished)
                open[task] = unfinished.Groups["text"].Value;
            else
                lines.Add(text);
        }

        var names = order.Select((task, index) => (task, $"P{index + 1}")).ToDictionary(pair => pair.task, pair => pair.Item2);
        return [.. order.Select((task, index) => Normalised(betweenMarkers && index == 0 ? Between(tasks[task]) : tasks[task], names))];
    }

    private static List<string> Between(List<string> lines)
    {
        bool IsMarker(string line) => line.StartsWith(Marker, StringComparison.Ordinal);
        int first = lines.FindIndex(IsMarker), last = lines.FindLastIndex(IsMarker);
        return first < 0 ? [] : lines.GetRange(first + 1, Math.Max(0, last - first - 1));
    }

    private static List<string> Normalised(List<string> lines, Dictionary<string, string> names)
    {
        var addresses = new Dictionary<string, string>();
        string Address(Match match)
        {
            if (match.Value[0] == '"')
                return match.Value;
            if (!addresses.TryGetValue(match.Value, out string? token))
                addresses.Add(match.Value, token = $"A{addresses.Count + 1}");
            return token;
        }

        string Task(Match match) => match.Groups["before"].Value + names.GetValueOrDefault(match.Groups["task"].Value, match.Groups["task"].Value);
        var result = new List<string>();
        foreach (string line in lines)
        {
            string name = line.Split('(')[0];
            if (s_startUp.Contains(name))
                continue;
            string text = Aligned().Replace(line, ") = ");
            text = MadeTask().Replace(text, Task);
            text = TaskArgument().Replace(text, Task);
            text = SecondTaskArgument().Replace(text, Task);
            text = TaskMember().Replace(text, Task);
            text = User().Replace(text, "$1U");
            text = UsedTime().Replace(text, "$1=T");
            text = RemainingTime().Replace(text, "$1=T");
            text = Restorer().Replace(text, match => match.Value == "SA_RESTORER" ? "0" : "");
            text = RandomBytes().Replace(text, "getrandom(R");
            result.Add(AddressOrString().Replace(text, Address));
        }

        return result;
    }

    [GeneratedRegex(@"^(?<task>\d+) +(?<text>.*)$")]
    private static partial Regex Prefixed();

    [GeneratedRegex(@"^<\.\.\. \w+ resumed>(?<rest>.*)$")]
    private static partial Regex Resumed();

    [GeneratedRegex(@"^(?<text>.*) <unfinished \.\.\.>$")]
    private static partial Regex Unfinished();

    [GeneratedRegex(@"\) += (?=[^=]*$|-?\d+ \(|\?)")]
    private static partial Regex Aligned();

    [GeneratedRegex(@"(?<before>^(clone3?|v?fork|getpid|gettid|set_tid_address|wait4|waitpid|getpgrp|setsid|rt_sigreturn)\(.*\) = )(?<task>\d+)$")]
    private static partial Regex MadeTask();

    [GeneratedRegex(@"(?<before>^(kill|tkill|tgkill|wait4|waitpid|waitid\(P_PID, |rt_sigqueueinfo|rt_tgsigqueueinfo|getpgid|getsid|setpgid)\(?)(?<task>\d+)(?=[,)])")]
    private static partial Regex TaskArgument();

    [GeneratedRegex(@"(?<before>^(tgkill|rt_tgsigqueueinfo)\(\w+, )(?<task>\d+)(?=,)")]
    private static partial Regex SecondTaskArgument();

    [GeneratedRegex(@"(?<before>si_pid=|parent_tid=\[)(?<task>\d+)")]
    private static partial Regex TaskMember();

    [GeneratedRegex(@"(si_uid=|^get(?:e?[ug]id(?:32)?|ppid)\(\) = )\d+")]
    private static partial Regex User();

    [GeneratedRegex(@"(si_[us]time)=\d+( /\* [0-9.]+ s \*/)?")]
    private static partial Regex UsedTime();

    /// <summary>What is left of a timer that was set less than a tenth of a second before, on a host that may be busy.</summary>
    [GeneratedRegex(@"(tv_[un]sec)=9\d{5}(\d{3})?\b")]
    private static partial Regex RemainingTime();

    /// <summary>Whether a 32-bit C library gives handlers a way back of their own depends on the vDSO.</summary>
    [GeneratedRegex(@"SA_RESTORER\||(?<=sa_flags=)SA_RESTORER|, sa_restorer=0x[0-9a-f]+")]
    private static partial Regex Restorer();

    [GeneratedRegex(@"getrandom\(""[^""]*""")]
    private static partial Regex RandomBytes();

    [GeneratedRegex(@"""(\\.|[^""\\])*""|0x[0-9a-f]{6,}\b")]
    private static partial Regex AddressOrString();
}
