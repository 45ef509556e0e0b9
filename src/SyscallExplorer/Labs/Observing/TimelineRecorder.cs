using SyscallExplorer.Linux;

namespace SyscallExplorer;

/// <summary>Keeps what each task did, from one change to the next.</summary>
internal sealed class TimelineRecorder(int limit)
{
    private readonly SortedDictionary<int, Life> _lives = [];
    private readonly List<TaskTimeline> _over = [];
    private int _kept;

    /// <summary>Whether the limit left everything in.</summary>
    public bool IsComplete { get; private set; } = true;

    /// <summary>Takes note of the tasks there are: new ones, those that have been woken, and their names.</summary>
    /// <param name="tasks">All tasks.</param>
    /// <param name="current">The one that runs, of which more is known.</param>
    /// <param name="time">When.</param>
    public void Look(IReadOnlyList<TaskView> tasks, int current, long time)
    {
        foreach (TaskView task in tasks)
        {
            if (task.Activity == TaskActivity.Ended)
                continue;
            if (!_lives.TryGetValue(task.Id, out Life? life))
                _lives[task.Id] = life = new Life(task, time);
            life.View = task;
            if (task.Id != current)
                ChangeTo(life, ModeOf(task), task.WaitsFor, time);
        }
    }

    /// <summary>The task that runs does something else from now on.</summary>
    public void Change(int task, TaskMode mode, string? reason, long time)
    {
        if (_lives.TryGetValue(task, out Life? life))
            ChangeTo(life, mode, reason, time);
    }

    /// <summary>A task gives the processor to another one.</summary>
    /// <param name="task">Its number.</param>
    /// <param name="view">What it is now; null when nothing is left of it.</param>
    /// <param name="time">When.</param>
    public void Leave(int task, TaskView? view, long time)
    {
        if (!_lives.TryGetValue(task, out Life? life))
            return;
        if (view is not null and not { Activity: TaskActivity.Ended })
        {
            life.View = view;
            ChangeTo(life, ModeOf(view), view.WaitsFor, time);
            return;
        }

        _over.Add(Finish(life, time));
        _lives.Remove(task);
    }

    /// <summary>All lives, those that go on cut off at the end of the run.</summary>
    public IReadOnlyList<TaskTimeline> Finish(long time) =>
        [.. _over.Concat(_lives.Values.Select(life => Finish(life, time))).OrderBy(life => life.Task).ThenBy(life => life.Intervals is [var first, ..] ? first.Start : 0)];

    private static TaskMode ModeOf(TaskView task) => task.Activity == TaskActivity.Sleeping ? TaskMode.Waiting : TaskMode.Ready;

    private void ChangeTo(Life life, TaskMode mode, string? reason, long time)
    {
        if (life.Mode == mode && life.Reason == reason)
            return;
        Keep(life, time);
        (life.Mode, life.Reason, life.Since) = (mode, reason, time);
    }

    private TaskTimeline Finish(Life life, long time)
    {
        Keep(life, time);
        return new TaskTimeline(life.View.Id, life.View.Process, life.View.Parent, life.View.CommandName, life.Intervals);
    }

    private void Keep(Life life, long time)
    {
        if (time == life.Since)
            return;
        IsComplete &= _kept < limit;
        if (!IsComplete)
            return;
        life.Intervals.Add(new TaskInterval(life.Mode, life.Since, time, life.Reason));
        _kept++;
    }

    private sealed class Life(TaskView view, long since)
    {
        public TaskView View { get; set; } = view;

        public List<TaskInterval> Intervals { get; } = [];

        public TaskMode Mode { get; set; } = TaskMode.Ready;

        public string? Reason { get; set; }

        public long Since { get; set; } = since;
    }
}
