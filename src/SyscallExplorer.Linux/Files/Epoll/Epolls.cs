using System.Collections.Immutable;

namespace SyscallExplorer.Linux;

/// <summary>The epolls of a machine: what they watch, what they have heard of, and what they tell.</summary>
internal sealed class Epolls(LinuxMachine machine)
{
    private const int MaxNesting = 4;

    public EpollState this[int number] => machine.State.Epolls[number];

    private ImmutableDictionary<WaitKey, ImmutableList<EpollWatch>> Watches => machine.State.EpollWatches;

    /// <summary>Makes an epoll that watches nothing.</summary>
    public int Create()
    {
        KernelState state = machine.State;
        int number = state.NextObject;
        machine.State = state with { NextObject = number + 1, Epolls = state.Epolls.Add(number, new EpollState(number)) };
        return number;
    }

    /// <summary>Watches a file, or sets anew what is asked of one that is watched. What holds already is told at once.</summary>
    public void Watch(int epoll, EpollKey key, uint events, ulong data)
    {
        Unwatch(epoll, key);
        OpenFile file = machine.State.OpenFiles[key.File];
        ImmutableArray<WaitKey> keys = file.Operations.WaitKeys(machine, file, (int)(events & ~EpollFlags.Private));
        var item = new EpollItem(key, events, data, keys);
        EpollState state = this[epoll];
        Set(state with { Items = state.Items.SetItem(key, item) });
        foreach (WaitKey source in keys)
            SetWatches(source, (Watches.GetValueOrDefault(source) ?? []).Add(new EpollWatch(epoll, key)));
        if (EventsOf(item) != 0)
            Report(epoll, key);
    }

    /// <summary>Watches a file no longer.</summary>
    public void Forget(int epoll, EpollKey key)
    {
        Unwatch(epoll, key);
        EpollState state = this[epoll];
        Set(state with { Items = state.Items.Remove(key), Ready = state.Ready.Remove(key) });
    }

    /// <summary>An open file is gone: nobody watches it any more.</summary>
    public void ForgetFile(int file)
    {
        foreach (EpollState epoll in machine.State.Epolls.Values)
        {
            foreach (EpollKey key in epoll.Items.Keys.Where(key => key.File == file))
                Forget(epoll.Number, key);
        }
    }

    /// <summary>An epoll is gone.</summary>
    public void Remove(int epoll)
    {
        foreach (EpollKey key in this[epoll].Items.Keys)
            Unwatch(epoll, key);
        machine.State = machine.State with { Epolls = machine.State.Epolls.Remove(epoll) };
    }

    /// <summary>
    /// Something has changed that epolls may watch. Of those that watch it exclusively, one is told in which somebody waits.
    /// </summary>
    public void Hear(WaitKey source)
    {
        if (!Watches.TryGetValue(source, out ImmutableList<EpollWatch>? watches))
            return;
        bool isTaken = false;
        foreach (EpollWatch watch in watches)
        {
            EpollItem item = this[watch.Epoll].Items[watch.Item];
            if (item.IsDisabled || (isTaken && item.Has(EpollFlags.Exclusive)))
                continue;
            int woken = Report(watch.Epoll, watch.Item);
            isTaken |= item.Has(EpollFlags.Exclusive) && woken > 0;
        }
    }

    /// <summary>Takes what an epoll has to tell. Items that are level-triggered go to the end of its list and are looked at again the next time.</summary>
    public IReadOnlyList<(uint Events, ulong Data)> Take(int epoll, int most)
    {
        var told = new List<(uint Events, ulong Data)>();
        EpollState state = this[epoll];
        ImmutableList<EpollKey> again = [];
        int looked = 0;
        while (looked < state.Ready.Count && told.Count < most)
        {
            EpollItem item = state.Items[state.Ready[looked++]];
            uint events = EventsOf(item);
            if (events == 0)
                continue;
            told.Add((events, item.Data));
            if (item.Has(EpollFlags.OneShot))
                state = state with { Items = state.Items.SetItem(item.Key, item with { Events = item.Events & EpollFlags.Private }) };
            else if (!item.Has(EpollFlags.EdgeTriggered))
                again = again.Add(item.Key);
        }

        Set(state with { Ready = state.Ready.RemoveRange(0, looked).AddRange(again) });
        return told;
    }

    /// <summary>Whether an epoll has something to tell.</summary>
    public bool IsReady(int epoll)
    {
        EpollState state = this[epoll];
        return state.Ready.Any(key => EventsOf(state.Items[key]) != 0);
    }

    /// <summary>Whether an epoll would watch itself through others, or the others are nested too deep.</summary>
    public bool WouldLoop(int epoll, int target, int depth = 0)
    {
        foreach (EpollKey key in this[target].Items.Keys)
        {
            if (machine.State.OpenFiles[key.File].Object is EpollFile inner
                && (inner.Epoll == epoll || depth > MaxNesting || WouldLoop(epoll, inner.Epoll, depth + 1)))
            {
                return true;
            }
        }

        return false;
    }

    private uint EventsOf(EpollItem item)
    {
        OpenFile file = machine.State.OpenFiles[item.Key.File];
        return item.IsDisabled ? 0 : (uint)file.Operations.Poll(machine, file) & item.Events & ~EpollFlags.Private;
    }

    /// <summary>Puts an item on its epoll's list, and tells those who wait there.</summary>
    /// <returns>How many were woken.</returns>
    private int Report(int epoll, EpollKey key)
    {
        Set(this[epoll].WithReady(key));
        return machine.Tasks.Wake(ReadinessKeys.Input(epoll));
    }

    private void Unwatch(int epoll, EpollKey key)
    {
        if (!this[epoll].Items.TryGetValue(key, out EpollItem? item))
            return;
        foreach (WaitKey source in item.Keys)
            SetWatches(source, Watches[source].Remove(new EpollWatch(epoll, key)));
    }

    private void SetWatches(WaitKey source, ImmutableList<EpollWatch> watches) =>
        machine.State = machine.State with { EpollWatches = watches.IsEmpty ? Watches.Remove(source) : Watches.SetItem(source, watches) };

    private void Set(EpollState state) => machine.State = machine.State with { Epolls = machine.State.Epolls.SetItem(state.Number, state) };
}
