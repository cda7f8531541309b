namespace Flannel.Store.Etcd.Diagnostics;

/// <summary>The ids of the etcd store's log events, 2000 to 2499.</summary>
internal static class FlannelEventIds
{
    public const int EndpointFailing = 2000;
    public const int EndpointBack = 2001;
    public const int TokenOutdated = 2002;
    public const int ClusterReplaced = 2003;
    public const int ConnectionAbandoned = 2004;

    public const int WatchReopened = 2100;
    public const int WatchCompacted = 2101;
    public const int ChangeTooLarge = 2102;

    public const int LeaseNotRevoked = 2200;
    public const int LeaseExchanged = 2201;
    public const int ListCompacted = 2202;
    public const int PageTooLarge = 2203;

    public const int TlsFilesChanged = 2300;
    public const int TlsFilesUnusable = 2301;
}
